"""Accuracy of an exported module in SpikingJelly: python spikingjelly_module.py net.py images.npz [T]

images.npz holds x, uint8 [N, C, H, W], and y. Made by: snnconv export snn.pt2 --to spikingjelly -o net.py
"""

import runpy
import sys

import numpy as np
import torch

module, data = runpy.run_path(sys.argv[1]), np.load(sys.argv[2])
net, facts = module["Net"](), module["FACTS"]
net.load_state_dict(torch.load(sys.argv[1][:-3] + ".pt"))
T, known = int(sys.argv[3] if len(sys.argv) > 3 else facts["T"]), facts["normalization"]
mean, std = (torch.tensor(known[key]).view(-1, 1, 1) for key in ("mean", "std"))
with torch.no_grad():
    y = module["run"](net, (torch.tensor(data["x"]).float() / 255 - mean) / std, T)
print(f"accuracy at T = {T}: {100 * np.mean(y.argmax(1).numpy() == data['y']):.2f} % of {len(y)} images")
