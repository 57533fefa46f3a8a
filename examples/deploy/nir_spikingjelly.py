"""Accuracy of an exported NIR file in SpikingJelly: python nir_spikingjelly.py net.nir images.npz [T]

images.npz holds x, uint8 [N, C, H, W], and y. Made by: snnconv export snn.pt2 --to nir --dialect spikingjelly
"""

import json
import sys

import nir
import numpy as np
import torch
from spikingjelly.activation_based import neuron, nir_exchange

graph, data = nir.read(sys.argv[1]), np.load(sys.argv[2])
T, known = int(sys.argv[3] if len(sys.argv) > 3 else graph.metadata["T"]), json.loads(graph.metadata["normalization"])
mean, std = (torch.tensor(known[key]).view(-1, 1, 1) for key in ("mean", "std"))
x = (torch.tensor(data["x"]).float() / 255 - mean) / std
network, total = nir_exchange.import_from_nir(graph), 0
for name, module in network.named_modules():
    if isinstance(module, neuron.IFNode):  # what NIR does not say: subtract the threshold, v(0)
        v0 = torch.tensor(graph.nodes[name.removesuffix(".module")].metadata["v0"])
        module.v_reset, module.v = None, v0.expand(len(x), *v0.shape).clone()
state = None
with torch.no_grad():
    for _ in range(T):
        output, state = network(x, state)
        total = total + output
print(f"accuracy at T = {T}: {100 * (total.argmax(1).numpy() == data['y']).mean():.2f} % of {len(x)} images")
