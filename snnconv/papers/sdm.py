"""SDM's energy, Eq. 13 of You et al. 2024."""

from __future__ import annotations

from .cost import energy_mj

T = 4  # of Table III


def conversion_mj(encoder: float, spikes: float = 0.0) -> float:
    """4.6 pJ · encoder + 0.9 pJ · spikes, both in G operations, in mJ.

        spikes = Σ_l rate(l)·OP(l + 1)

    Args:
        encoder: operations on values that are not spikes: an ANN's all, an SNN's first convolution over T steps.
        spikes: operations that a spike causes, the sum over layers above.
    """
    return energy_mj(encoder, spikes)


def encoder_macs(*first_convolutions: int, steps: int = T) -> int:
    """Multiply-accumulates of the first convolutions, computed again at each of the T steps as in the paper."""
    return steps * sum(first_convolutions)
