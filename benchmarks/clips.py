"""Spiking networks for video side by side: a converted 3-D CNN, ReSpike and SVFormer, and the last two's ANN twins.

    python benchmarks/clips.py TRAINED --train npz:FILE?… --test npz:FILE?… -o benchmarks/results/grid-clips

TRAINED holds a folder for each network, NAME/NAME.pt and NAME/run/train.json, as `benchmarks/train_clips.py` leaves
them (see NETWORKS; what is missing is left out). Networks without spikes are converted, with thresholds from training
clips, and swept over T; those that spike are measured frame by frame, and what they cost as it is and in their papers'
arithmetic. Every accuracy has its 95 % interval (Wilson). Keeps tables (table.md), a picture, and the results of every
command. Minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from snnconv.bench import Anytime, Energy, Sweep
from snnconv.plots.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, legend_below, picture, plain_ticks, step_axis
from snnconv.training import FineTuning, Training

STEPS = "1,2,4,8"
METHODS = "auto,sdm:alpha=0.2,beta=5"
FP32 = "ANN FP32"
SPIKING = "trained spiking"
PUBLISHED = "as published"


@dataclass(frozen=True)
class Network:
    """One trained network.

    Attributes:
        title: in table and picture. frames: of each clip that it sees, as `npz:…?frames=` takes them; "": all. spikes:
            it was trained spiking.
    """

    title: str
    frames: str
    spikes: bool
    color: str


NETWORKS = {
    "ann-command": Network("3-D CNN", "", False, BLUE),
    "respike": Network("ReSpike-R18", "0:16", True, ORANGE),
    "svformer": Network("SVFormer-3stg", "0:16", True, GREEN),
    "respike-relu": Network("ReSpike's residual branch, ReLU", "0:16", False, PURPLE),
    "svformer-relu": Network("SVFormer-3stg, ReLU", "0:16", False, SKY),
    "svformer-clip": Network("SVFormer-3stg, clips", "0:16", False, BLACK),
}


@dataclass(frozen=True)
class Line:
    """A line of the table.

    Attributes:
        T: time steps of the simulation; of networks trained spiking, frames or what stands for them.
        samples: test clips. beside: accuracy less that of the network's own ANN, in points.
        energy: mJ, from exact counts. published: mJ, in the arithmetic of the network's paper.
    """

    network: str
    form: str
    frames: str
    T: str
    accuracy: float
    samples: int
    macs: float | None
    acs: float | None
    energy: float | None
    published: float | None = None
    beside: float | None = None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, of 95 %, in percent."""
        n, z, p = self.samples, 1.959964, self.accuracy / 100
        middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
        low, high = (100 * end / (1 + z * z / n) for end in (middle - half, middle + half))
        return max(low, 0.0), min(high, 100.0)


def run(command: str, *arguments: str) -> None:
    subprocess.run(["snnconv", command, *arguments], check=True)


def measured(name: str, model: Path, train: str, test: str, work: Path) -> None:
    """The commands for one network; results in work/NAME."""
    network = NETWORKS[name]
    more = f"&frames={network.frames}" if network.frames else ""
    folder, data = str(work / name), ["--data", test + more, "--overwrite"]
    if network.spikes:
        normalization = ["--mean", "0.25", "--std", "0.25"]
        run("anytime", str(model), *data, *normalization, "-o", folder)
        run("energy", str(model), *data, *normalization, "-o", folder)
    else:
        calibration = ["--calib", train + more, "--method", METHODS, "--T", STEPS]
        run("sweep", str(model), *data, *calibration, "-o", folder)


def lines_of(name: str, folder: Path) -> list[Line]:
    network = NETWORKS[name]
    title, frames = network.title, network.frames
    if network.spikes:
        measured = Energy.load(folder)
        row = measured.snn
        theirs = [each.rows[-1].energy_mJ for each in measured.accountings if each.name == PUBLISHED]
        costs = (row.macs, row.acs, row.energy_mJ, *theirs)
        return [Line(title, SPIKING, frames, "–", row.accuracy or 0.0, measured.samples, *costs)]
    found = Sweep.load(folder)
    samples = found.curves[0].samples
    ann = next(baseline.accuracy for baseline in found.baselines if baseline.name == FP32)
    lines = [
        Line(title, baseline.name, frames, "–", baseline.accuracy, samples, baseline.ops, None, baseline.energy)
        for baseline in found.baselines
    ]
    for row in found.rows:
        costs = (row.macs, row.synops, row.energy, None, row.accuracy - ann)
        lines.append(Line(title, row.setting, frames, str(row.T), row.accuracy, samples, *costs))
    return lines


def microjoules(line: Line) -> float:
    return float("nan") if line.energy is None else 1e3 * line.energy


def around(line: Line) -> list[list[float]]:
    """How far the interval reaches below and above the accuracy, as matplotlib takes it."""
    low, high = line.interval
    return [[max(line.accuracy - low, 0.0)], [max(high - line.accuracy, 0.0)]]


def table(lines: list[Line]) -> str:
    rows = [
        "| network | form | frames | T | accuracy, % | 95 % interval | less its ANN | MACs, M | ACs, M | energy, µJ "
        "| as published, µJ |",
        "|---" * 11 + "|",
    ]
    for each in lines:
        told = zip((each.macs, each.acs, each.energy, each.published), (1e-6, 1e-6, 1e3, 1e3), strict=True)
        costs = " | ".join("" if value is None else f"{value * unit:.1f}" for value, unit in told)
        low, high = each.interval
        beside = "" if each.beside is None else f"{each.beside:+.1f}"
        rows.append(
            f"| {each.network} | {each.form} | {each.frames or 'all'} | {each.T} | {each.accuracy:.1f} | "
            f"{low:.1f}–{high:.1f} | {beside} | {costs} |"
        )
    return "\n".join(rows) + "\n"


def plot(lines: list[Line], moments: dict[str, Anytime], path: Path) -> None:
    """Accuracy against energy, against the time steps of converted networks, against the frames that the others saw."""
    with picture(path, 7.0, 6.4) as figure:
        panels = figure.subplot_mosaic([["cost", "cost"], ["steps", "frames"]], sharey=True)
        cost, steps, frames = (panels[name] for name in ("cost", "steps", "frames"))
        for name, network in NETWORKS.items():
            own = [each for each in lines if each.network == network.title]
            color = network.color
            for each in own:
                if each.form in (FP32, SPIKING):
                    mark, filled = ("s", "none") if each.form == FP32 else ("D", color)
                    label = None if each.form == FP32 else network.title
                    look = {"color": color, "markerfacecolor": filled, "label": label, "capsize": 2, "elinewidth": 0.8}
                    cost.errorbar(microjoules(each), each.accuracy, around(each), fmt=mark, **look)
                    if each.published is not None:
                        cost.plot(1e3 * each.published, each.accuracy, "D", color=color, markerfacecolor="none")
            swept = [each for each in own if each.form == "auto"]
            if swept:
                accuracy = [each.accuracy for each in swept]
                errors = [[around(each)[end][0] for each in swept] for end in (0, 1)]
                costs = [microjoules(each) for each in swept]
                cost.errorbar(
                    costs, accuracy, errors, fmt="o-", color=color, label=network.title, capsize=2, elinewidth=0.8
                )
                steps.plot([int(each.T) for each in swept], accuracy, "o-", color=color)
                ann = next(each.accuracy for each in own if each.form == FP32)
                steps.axhline(ann, color=color, linestyle=":")
            if name in moments:
                rows = moments[name].rows
                frames.plot([row.frames for row in rows], [row.accuracy for row in rows], "D-", color=color)
        cost.plot([], [], "s:", color="black", markerfacecolor="none", label="as ANN")
        if any(each.published is not None for each in lines):
            cost.plot([], [], "D", color="black", markerfacecolor="none", label="cost as published")
        cost.set(xscale="log", xlabel="energy per clip (µJ, 45nm model)", ylabel="accuracy (%)", title="Cost")
        step_axis(steps, [int(T) for T in STEPS.split(",")])
        steps.set(xlabel="time steps T", ylabel="accuracy (%)", title="Converted (auto)")
        frames.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[attr-defined]
        frames.set(xlabel="frames seen", title="Trained spiking")
        plain_ticks(cost.xaxis)
        legend_below(figure, *cost.get_legend_handles_labels())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", type=Path)
    parser.add_argument("--train", required=True, help="training clips, for thresholds")
    parser.add_argument("--test", required=True)
    parser.add_argument("--work", type=Path, default=Path("snnconv-out/clips"), help="folder of the results themselves")
    parser.add_argument("--keep", action="store_true", help="only draw and write what is in --work")
    parser.add_argument("-o", "--output", type=Path, required=True)
    chosen = parser.parse_args()
    files = {name: file for name in NETWORKS for file in (chosen.trained / name).glob(f"{name}.pt*")}
    lines: list[Line] = []
    moments: dict[str, Anytime] = {}
    courses = ["| network | clips | epochs | settings | training clips, % | validation, % |", "|---" * 6 + "|"]
    for name, file in files.items():
        if not chosen.keep:
            measured(name, file, chosen.train, chosen.test, chosen.work)
        lines += lines_of(name, chosen.work / name)
        if NETWORKS[name].spikes:
            moments[name] = Anytime.load(chosen.work / name)
        run = chosen.trained / name / "run"
        course = next(kind.load(run) for kind in (Training, FineTuning) if (run / f"{kind.NAME}.json").exists())
        settings = course.configuration["settings"]
        shown = ", ".join(
            f"{key} {settings[key]}" for key in ("optimizer", "lr", "weight_decay", "warmup", "batch_size", "ema")
        )
        last = course.epochs[-1]
        courses.append(
            f"| {NETWORKS[name].title} | {course.samples} | {last.epoch} | {shown}, {'+'.join(settings['augment'])} | "
            f"{last.train_accuracy:.1f} | {last.val_accuracy:.1f} |"
        )
        kept = chosen.output / name
        kept.mkdir(parents=True, exist_ok=True)
        for result in [*(chosen.work / name).glob("*.json"), *run.glob("*.json")]:
            text = result.read_text()
            for place in (str(chosen.trained), str(Path(chosen.test.partition(":")[2].partition("?")[0]).parent)):
                text = text.replace(f"{place}/", "")
            (kept / result.name).write_text(text)
        for result in (chosen.work / name).glob("*.csv"):
            shutil.copy(result, kept)
    for suffix in ("svg", "png"):
        plot(lines, moments, chosen.output / f"clips.{suffix}")
    document = [{**each.__dict__, "interval": each.interval} for each in lines]
    (chosen.output / "clips.json").write_text(json.dumps(document, indent=1) + "\n")
    (chosen.output / "table.md").write_text(table(lines) + "\n" + "\n".join(courses) + "\n")


if __name__ == "__main__":
    main()
