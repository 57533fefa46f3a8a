"""Accuracy against time steps of a CIFAR-10 ResNet that others trained, for the settings of the SDM paper and ours.

    python benchmarks/cifar10.py --weights resnet20.th --arch snnconv.models:cifar_resnet20 \\
        --train npz:train.npz --test npz:test.npz -o benchmarks/results/resnet20-cifar10

Runs the installed `snnconv` command as a user would: one `convert` on 512 training images and one `sweep` on the test
images per setting. Keeps every sweep.json, a table (README.md) and a plot. Minutes per setting on two cores.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from snnconv.bench.plots.style import STYLE, step_axis

STEPS = "1,2,4,8,16"
NORMALIZATION = ["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"]
SETTINGS: dict[str, list[str]] = {
    "plain IF": ["--method", "if"],
    **{
        f"SDM ({alpha}, {beta}), {gate} gate": ["--method", "sdm", "--alpha", alpha, "--beta", beta, "--gate", gate]
        for alpha, beta in (("1", "1"), ("0.5", "2"), ("0.2", "5"))
        for gate in ("memory", "input")
    },
    "(0.5, 2), retract zero, per layer": ["--method", "sdm", "--retract", "zero", "--down-limit", "2"],
    "auto: (0.2, 5), retract zero, per channel": ["--method", "auto"],
}


def measure(name: str, options: list[str], arguments: argparse.Namespace) -> dict[str, Any]:
    """One setting through the command line, from checkpoint to curve."""
    with tempfile.TemporaryDirectory() as folder:
        network, out = f"{folder}/snn.pt2", f"{folder}/sweep"
        model = [arguments.weights, "--arch", arguments.arch, "--calib", arguments.train, *NORMALIZATION]
        run("convert", *model, *options, "-o", network)
        limit = ["--limit", str(arguments.limit)] if arguments.limit else []
        result = json.loads(run("sweep", network, "--data", arguments.test, "--T", STEPS, "-o", out, "--json", *limit))
    row = next(row for row in result["rows"] if row["T"] == 4)
    print(f"{name}: {row['accuracy']:.2f} at T = 4 (ANN {result['ann_accuracy']:.2f})", flush=True)
    for key in ("data", "files"):  # where the files lay on the machine that measured
        result.pop(key)
    result["settings"]["calibration"] = "512 training images"
    return {**result, "command": ["snnconv convert", *options]}


def run(*command: str) -> str:
    return subprocess.run(["snnconv", *command, "-q"], check=True, capture_output=True, text=True).stdout


def table(results: dict[str, dict[str, Any]], title: str) -> str:
    """Markdown: accuracy, and spikes per neuron in brackets."""
    some = next(iter(results.values()))
    steps = [row["T"] for row in some["rows"]]
    lines = [
        f"# {title}: accuracy in % (spikes per neuron and sample), {some['samples']} test images",
        "",
        f"ANN: {some['ann_accuracy']:.2f} %. Thresholds: 99.9 percentile on 512 training images. "
        f"Measured by `benchmarks/cifar10.py` on {some['provenance']['hardware']['processor']}, "
        f"torch {some['provenance']['versions']['torch']}.",
        "",
        "| setting | " + " | ".join(f"T = {t}" for t in steps) + " |",
        "|---" * (len(steps) + 1) + "|",
    ]
    for name, result in results.items():
        cells = [f"{row['accuracy']:.2f} ({row['spikes_per_neuron']:.2f})" for row in result["rows"]]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def plot(results: dict[str, dict[str, Any]], title: str, path: Path) -> None:
    """Accuracy against time steps and against spikes, one line a setting."""
    colours = ["#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#882255"]
    marks = "osv^D<>Ph"
    some = next(iter(results.values()))
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(9.0, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for (name, result), colour, mark in zip(results.items(), colours, marks):
            rows = result["rows"]
            accuracy = [row["accuracy"] for row in rows]
            left.plot([row["T"] for row in rows], accuracy, color=colour, marker=mark, markersize=4, label=name)
            right.plot([row["spikes_per_neuron"] for row in rows], accuracy, color=colour, marker=mark, markersize=4)
        for axes in (left, right):
            axes.axhline(some["ann_accuracy"], color="#555555", linestyle="--", linewidth=1)
        step_axis(left, [row["T"] for row in some["rows"]])
        left.set(ylabel="top-1 accuracy (%)", title="against time steps")
        right.set(xlabel="spikes per neuron and sample", title="against spikes", xscale="log")
        figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
        figure.suptitle(
            f"{title}, {some['samples']} test images; dashed: ANN {some['ann_accuracy']:.2f} %", fontsize=10
        )
        figure.savefig(path, dpi=200)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--arch", default="snnconv.models:cifar_resnet20")
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    results = {name: measure(name, options, arguments) for name, options in SETTINGS.items()}
    title = f"{arguments.arch.rpartition(':')[2]} on CIFAR-10"
    (arguments.output / "sweeps.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    (arguments.output / "README.md").write_text(table(results, title) + "\n![curves](curves.png)\n")
    plot(results, title, arguments.output / "curves.png")


if __name__ == "__main__":
    main()
