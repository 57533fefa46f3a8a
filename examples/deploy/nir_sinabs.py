"""Accuracy of an exported NIR file in sinabs: python nir_sinabs.py net.nir images.npz [T]

images.npz holds x, uint8 [N, C, H, W], and y. Made by: snnconv export snn.pt2 --to nir --dialect sinabs
"""

import json
import sys

import nir
import numpy as np
import sinabs.activation
import sinabs.nir
import torch

graph, data = nir.read(sys.argv[1]), np.load(sys.argv[2])
T, known = int(sys.argv[3] if len(sys.argv) > 3 else graph.metadata["T"]), json.loads(graph.metadata["normalization"])
mean, std = (torch.tensor(known[key]).view(-1, 1, 1) for key in ("mean", "std"))
x = (torch.tensor(data["x"]).float() / 255 - mean) / std
network, total = sinabs.nir.from_nir(graph, batch_size=len(x)), 0
for name, layer in network.named_modules():
    if isinstance(layer, sinabs.layers.IAFSqueeze):  # what NIR does not say: no lower bound, one spike a step, v(0)
        v0 = torch.tensor(graph.nodes[name].metadata["v0"])
        layer.min_v_mem, layer.spike_fn = None, sinabs.activation.SingleSpike
        layer.init_state_with_shape((len(x), *v0.shape))
        layer.v_mem.data = v0.expand(len(x), *v0.shape).clone()
with torch.no_grad():
    for _ in range(T):
        output = network(x)
        total = total + (output[0] if isinstance(output, tuple) else output)
print(f"accuracy at T = {T}: {100 * (total.argmax(1).numpy() == data['y']).mean():.2f} % of {len(x)} images")
