"""Accuracy of an exported step, by PyTorch alone: python pt2_step.py net.pt2 images.npz [T]

images.npz holds x, uint8 [N, C, H, W], and y. Made by: snnconv export snn.pt2 --to pt2-step -o net.pt2
"""

import json
import sys

import numpy as np
import torch

extra = {"snnconv.json": ""}
begin = torch.export.load(sys.argv[1][:-4] + ".init.pt2", extra_files=extra).module()
step, facts = torch.export.load(sys.argv[1]).module(), json.loads(extra["snnconv.json"])
T, known = int(sys.argv[3] if len(sys.argv) > 3 else facts["T"]), json.loads(facts["normalization"])
data = np.load(sys.argv[2])
mean, std = (torch.tensor(known[key]).view(-1, 1, 1) for key in ("mean", "std"))
x = (torch.tensor(data["x"]).float() / 255 - mean) / std
state, total = begin(x), 0
with torch.no_grad():
    for t in range(int(facts["warm_up"]) + T):
        output, *state = step(x, *state)
        total = total + output * (t >= int(facts["warm_up"]))
print(f"accuracy at T = {T}: {100 * np.mean(total.argmax(1).numpy() == data['y']):.2f} % of {len(x)} images")
