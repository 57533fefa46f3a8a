"""Accuracy against time steps of a CIFAR-10 ResNet that others trained, for the settings of the SDM paper and ours.

    python benchmarks/cifar10.py resnet20.th --arch snnconv.models:cifar_resnet20 \\
        --calib npz:train.npz --data npz:test.npz -o benchmarks/results/resnet20-cifar10

Runs one `snnconv sweep` over a grid, as a user would: thresholds from 512 training images, then every setting on the
test images. Keeps its sweep.json, .csv and pictures, and a table (README.md). Minutes per setting on two cores; a run
that was stopped continues when started again. Options that are not listed in --help, as --limit 200 or --device cuda,
go to `snnconv sweep`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path

from snnconv.bench import Row, Sweep

STEPS = "1,2,4,8,16"
NORMALIZATION = ["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"]
METHODS = [
    "if",
    *(
        f"sdm:alpha={alpha},beta={beta},gate={gate}"
        for alpha, beta in (("1", "1"), ("0.5", "2"), ("0.2", "5"))
        for gate in ("memory", "input")
    ),
    "sdm:retract=zero,down_limit=2",
    "sdm-zero",
    "auto",
]


def table(sweep: Sweep, title: str, command: str) -> str:
    """Markdown: accuracy, in brackets spikes per neuron and energy."""
    steps = [row.T for row in sweep.rows_of(sweep.curves[0].setting)]
    hardware, versions = sweep.provenance["hardware"], sweep.provenance["versions"]
    lines = [
        f"# {title}: accuracy in % (spikes per neuron, mJ per sample), {sweep.samples} test images",
        "",
        f"Thresholds: 99.9 percentile on 512 training images. Energy: the {sweep.energy_model} model. Measured on "
        f"{hardware['processor']}, torch {versions['torch']}, by",
        "",
        f"    {command}",
        "",
        "| setting | " + " | ".join(f"T = {t}" for t in steps) + " |",
        "|---" * (len(steps) + 1) + "|",
        *(
            f"| {curve.setting} | " + " | ".join(map(cell, sweep.rows_of(curve.setting))) + " |"
            for curve in sweep.curves
        ),
        "",
        "| without time | accuracy | mJ per sample |",
        "|---|---|---|",
        *(f"| {baseline.name} | {baseline.accuracy:.2f} | {baseline.energy:.3g} |" for baseline in sweep.baselines),
    ]
    return "\n".join(lines) + "\n"


def cell(row: Row) -> str:
    return f"{row.accuracy:.2f} ({row.spikes_per_neuron:.2f}, {row.energy:.3g})"


def keep(work: Path, output: Path, specs: list[str]) -> None:
    """The results, without the folders in which the files lay on the machine that measured."""
    output.mkdir(parents=True, exist_ok=True)
    for name in ("sweep.csv", "sweep.png", "sweep.svg"):
        shutil.copy(work / name, output)
    text = (work / "sweep.json").read_text()
    for path in (part for spec in specs for part in spec.rpartition(":")[2].split(",")):
        text = text.replace(path, Path(path).name)
    (output / "sweep.json").write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights")
    parser.add_argument("--arch", default="snnconv.models:cifar_resnet20")
    parser.add_argument("--calib", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("snnconv-out/cifar10"), help="folder of the sweep itself")
    arguments, more = parser.parse_known_args()
    data = ["--data", arguments.data, "--calib", arguments.calib, *NORMALIZATION]
    grid = ["--method", ",".join(METHODS), "--T", STEPS]
    command = ["sweep", arguments.weights, "--arch", arguments.arch, *data, *grid, *more, "-o", str(arguments.work)]
    subprocess.run(["snnconv", *command], check=True)
    keep(arguments.work, arguments.output, [arguments.weights, arguments.calib, arguments.data])
    result = Sweep.load(arguments.output)
    shown = " ".join(["snnconv sweep WEIGHTS", "--arch", arguments.arch, *NORMALIZATION, *grid, *more])
    title = f"{arguments.arch.rpartition(':')[2]} on CIFAR-10"
    pictures = "\n![accuracy and spikes against time steps](sweep.png)\n"
    (arguments.output / "README.md").write_text(table(result, title, shown) + pictures)


if __name__ == "__main__":
    main()
