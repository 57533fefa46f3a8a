"""What the spiking layers of SVFormer are called in its paper's figures."""

from __future__ import annotations

# Within a block: the layer that the spikes go to; of q, k and v the spikes themselves.
PLACES = {
    "mix.0": "mix", "qkv.0": "in", "q": "q", "k": "k", "v": "v", "out.0": "proj", "mlp.0": "mlp1", "mlp.3": "mlp2",
}  # fmt: skip


def title_of(layer: str) -> str:
    """`stages.2.0.qkv.0` → `3.0 in`, stage from 1 and block from 0; `patches.1.0` → `PE2`; `path.0` → `LP`."""
    part, *rest = layer.split(".")
    if part == "stages":
        stage, block, *place = rest
        return f"{int(stage) + 1}.{block} {PLACES['.'.join(place)]}"
    return f"PE{int(rest[0]) + 1}" if part == "patches" else {"path": "LP", "fires": "head"}[part]
