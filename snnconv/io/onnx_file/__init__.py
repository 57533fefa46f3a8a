"""Reads ONNX files into PyTorch modules that `torch.export` can take.

An importer of our own: onnx2torch (no release since 2024) and onnx2pytorch compute sizes as tensors, so that
torch.export refuses every Reshape of a file from TensorFlow, and onnx2pytorch 0.6 holds each weight twice and does not
run torchvision's ShuffleNet or ViT. Here sizes stay Python numbers, weights are parameters under the names they had,
activations are modules.
"""

from __future__ import annotations

from .compare import compare_with_onnxruntime as compare_with_onnxruntime
from .network import OnnxNetwork as OnnxNetwork
from .open import open_onnx as open_onnx
