"""Max pooling by lateral inhibition (LIPool)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .running import RunningState, RunningSum


class LateralInhibition(RunningSum):
    """sum += x;  out = max(sum);  sum −= upsample(out): what a window emits inhibits all its inputs alike.

    Where windows do not overlap, Σ out = max(Σ x): it emits what `RunningSum` does. Where they overlap, the paper says
    nothing; here every input is inhibited by the output nearest to it (nearest-neighbour upsampling to the size of the
    input), so that an input can be inhibited less than once for every window it is in.

    Args:
        function: the max pooling.

    Source: Li & Zeng, IJCAI 2022, "Efficient and accurate conversion of spiking neural network with
    burst spikes".
    """

    def __init__(self, function: nn.Module) -> None:
        super().__init__(function)

    def begin(self, inputs: Tensor) -> RunningState:
        total = torch.zeros_like(inputs[0], dtype=torch.float32)
        return RunningState(total, torch.zeros_like(self.function(total)))

    def step(self, x: Tensor, state: RunningState) -> tuple[Tensor, RunningState]:
        total = state.total.add_(x)
        out = self.function(total)
        total.sub_(F.interpolate(out, size=total.shape[2:], mode="nearest"))
        return out.to(x.dtype), RunningState(total, state.given.add_(out))
