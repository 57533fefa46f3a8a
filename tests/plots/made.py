"""Sweeps of any size, made up: for pictures it matters how many curves and sites there are and how they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from snnconv.bench import Baseline, Curve, Row, Sweep

STEPS = (1, 2, 4, 8, 16)


def made(
    settings: int = 3, *, sites: int = 5, steps: tuple[int, ...] = STEPS, energy: bool = True, suffix: str = ""
) -> Sweep:
    """`settings` curves that rise with T towards 90 %, the later ones at more spikes."""
    alphas = [round(1 - 0.07 * number, 2) for number in range(settings)]
    names = [f"sdm α={alpha:g} β=2{suffix}" for alpha in alphas]
    rows = [
        Row(
            name, t, 90 - 60 / (t + number), 0.1 * t * (number + 1), 100.0 * t * (number + 1),
            energy=1e-3 * t * (number + 1) if energy else None,
        )
        for number, name in enumerate(names)
        for t in steps
    ]  # fmt: skip
    rates = {f"layer{site}.relu": 0.1 + 0.01 * site for site in range(sites)}
    curves = [Curve(name, settings_of(alpha), 1000, rates, 200) for name, alpha in zip(names, alphas)]
    baselines = [Baseline("FP32 ANN", 90.0, 0.2), Baseline("W8A8", 89.9, 0.01), Baseline("W4A4", 88.0, 0.003)]
    return Sweep(
        rows=rows, curves=curves, ann_accuracy=90.0, samples=200, data="npz:/somewhere/test.npz", normalization=None,
        baselines=baselines if energy else [Baseline("FP32 ANN", 90.0)],
    )  # fmt: skip


def settings_of(alpha: float) -> dict[str, Any]:
    return {"method": "sdm", "alpha": alpha, "beta": 2}


def texts(path: Path) -> list[str]:
    """What is written in an SVG."""
    return ["".join(node.itertext()).strip() for node in ElementTree.parse(path).iter() if node.tag.endswith("}text")]
