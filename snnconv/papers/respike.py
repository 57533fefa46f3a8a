"""ReSpike's energy: an ANN on key frames, attention between the branches, and a spiking branch on what changes."""

from __future__ import annotations

from .cost import energy_mj


def hybrid_mj(keys: float, attention: float, spikes: float) -> float:
    """4.6 pJ · (keys + attention) + 0.9 pJ · spikes, all in G operations, in mJ; Table 3 of the paper.

    Args:
        keys: multiply-accumulates of the ANN branch on the key frames.
        attention: of the cross-attention. Published as 7.22 G, which the layer table does not give (8.73 G).
        spikes: operations of the spiking branch.
    """
    return energy_mj(keys + attention, spikes)
