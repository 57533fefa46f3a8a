"""What noise costs."""

from __future__ import annotations

from ...bench._robustness import Robustness
from ...methods.label import label_of
from ...plots.caption import data_name
from ...plots.robustness import TITLES
from ..parts import Figure, Section, Tile
from ..tables import resolution, table

NAMES = {"gaussian": "Gaussian noise", "salt-pepper": "salt-and-pepper noise"}
SYMBOLS = {"gaussian": "a", "salt-pepper": "P"}  # of the levels


def robustness_section(robustness: Robustness) -> Section:
    told = [sentence(robustness, network) for network in robustness.networks]
    first, where = robustness.networks[0], f"{robustness.samples:,} samples of {data_name(robustness.data)}"
    return Section(
        name="robustness",
        title="Robustness against noise",
        headline=told,
        tiles=[
            Tile(TITLES[kind], f"{robustness.accuracy(first, kind, most(robustness, kind)):.2f} %",
                 f"accuracy at {level(robustness, kind)}, {named(robustness, first)}; without noise "
                 f"{robustness.accuracy(first):.2f} %")
            for kind in robustness.kinds
        ],
        paragraphs=[
            *told,
            f"Measured on {where}: {resolution(robustness.samples)}. Every network saw the same noise, added before "
            "the inputs are normalised; noisy values were "
            f"{'brought back into' if robustness.clipped else 'left where they are, also outside'} the range of the "
            "sample before. a: σ of Gaussian noise over the standard deviation of the frame; P: probability that a "
            "pixel becomes the least or the greatest value.",
        ],
        figures=[
            Figure(
                "robustness", robustness.plot, "Accuracy against the level of noise",
                f"Top-1 accuracy against the level of noise on {robustness.samples:,} samples, one panel a kind of "
                "noise. Corresponds to Table 2 of Yu et al., SVFormer, arXiv:2406.15034.",
            )
        ],
        tables=[table("Accuracy under every noise", robustness.table())],
        notices=robustness.notices,
    )  # fmt: skip


def sentence(robustness: Robustness, network: str) -> str:
    """`svformer: 54.17 % without noise; Gaussian noise, a = 1: 12.50 % (-41.67 points); ….`"""
    clean = robustness.accuracy(network)
    under = [(f"{NAMES[kind]}, {level(robustness, kind)}", robustness.accuracy(network, kind, most(robustness, kind)))
             for kind in robustness.kinds]  # fmt: skip
    costs = [f"; {noise}: {accuracy:.2f} % ({accuracy - clean:+.2f} points)" for noise, accuracy in under]
    return f"{named(robustness, network)}: {clean:.2f} % without noise{''.join(costs)}."


def named(robustness: Robustness, network: str) -> str:
    """With how it was converted."""
    return f"{label_of(robustness.settings)}, {network}" if robustness.settings and robustness.T else network


def level(robustness: Robustness, kind: str) -> str:
    """The highest, such as `P = 0.3`."""
    return f"{SYMBOLS[kind]} = {most(robustness, kind):g}"


def most(robustness: Robustness, kind: str) -> float:
    return max(row.level for row in robustness.rows if row.noise == kind)
