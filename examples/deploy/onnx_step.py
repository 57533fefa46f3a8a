"""Accuracy of an exported step graph, by onnxruntime alone: python onnx_step.py net.onnx images.npz [T]

images.npz holds x, uint8 [N, C, H, W], and y. Made by: snnconv export snn.pt2 --to onnx-step -o net.onnx
"""

import json
import sys

import numpy as np
import onnxruntime

step, begin = (onnxruntime.InferenceSession(name) for name in (sys.argv[1], sys.argv[1][:-5] + ".init.onnx"))
facts = step.get_modelmeta().custom_metadata_map
T, known = int(sys.argv[3] if len(sys.argv) > 3 else facts["T"]), json.loads(facts["normalization"])
data = np.load(sys.argv[2])
mean, std = (np.array(known[key], np.float32).reshape(-1, 1, 1) for key in ("mean", "std"))
x = (data["x"].astype(np.float32) / 255 - mean) / std
state, total = begin.run(None, {"x": x}), 0
for t in range(int(facts["warm_up"]) + T):
    output, *state = step.run(None, dict(zip([entry.name for entry in step.get_inputs()], [x, *state])))
    total = total + output * (t >= int(facts["warm_up"]))
print(f"accuracy at T = {T}: {100 * np.mean(total.argmax(1) == data['y']):.2f} % of {len(x)} images")
