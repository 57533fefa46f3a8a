"""Trains what `benchmarks/clips.py` measures: SVFormer, ReSpike and their ANN twins, on the mouth clips.

    python benchmarks/train_clips.py grid_s1_mouth.npz -o TRAINED [--only NAME …]

Of the clips that the file marks for training, 80 are drawn for validation (seed 0); the others train. The 200 test
clips are in a file of their own, TRAINED/test.npz, which no training reads. Each training goes on where it was stopped
when the same command is given again. Settings are the defaults (`snnconv.training.defaults`) but for what
TRAININGS says, and why is said there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

VALIDATION = 80
USUAL = "--num-classes 4 --mean 0.25 --std 0.25 --augment shift,flip --save-every 400"


@dataclass(frozen=True)
class Training:
    """One training.

    Attributes:
        command: of snnconv, with the network and what differs from the defaults; {clips} and {folder} are filled in.
        frames: of each clip.
    """

    command: str
    frames: str = "0:16"


# 600 epochs become 60, and 100 become 24; the warm-up of 30 of 600 shrinks along. Mixup, CutMix, RandAugment and
# erasing are left out: after 60 epochs an earlier training fitted 85 % of its clips, no more, and of 32×40 pixels an
# erased rectangle can be the whole mouth. Batches of 64 would be 11 steps an epoch: 16, and the learning rate by the
# root of the ratio. An average of the weights, since accuracies swung from epoch to epoch.
SVFORMER = (
    f"train svformer --variant 3stg --epochs 60 --batch-size 16 --lr 0.003 --mixup 0 --cutmix 0 --ema 0.99 {USUAL}"
)
# SGD at 1e-4 is for an ANN that begins with ImageNet's weights; here all weights are random: AdamW.
RESPIKE = (
    "train respike --stride 4 --epochs 24 --batch-size 8 --optimizer adamw --lr 0.0005 --weight-decay 0.01 --warmup 1 "
    f"--ema 0.99 {USUAL}"
)
FINETUNE = (
    "finetune {folder}/svformer-relu/svformer-relu.pt --activation clip --epochs 6 --batch-size 16 --calib-limit 64 "
    "--optimizer adamw --lr 0.0005 --warmup 0.5 --weight-decay 0.01 --augment shift,flip"
)
CNN = (
    "train snnconv:small_cnn3d --arch-arg dropout=0.3 --epochs 50 --optimizer adamw --lr 0.003 --weight-decay 0.05 "
    f"--warmup 2 --batch-size 16 {USUAL}"
)
TRAININGS = {
    "svformer": Training(SVFORMER),
    "respike": Training(RESPIKE),
    "svformer-relu": Training(f"{SVFORMER} --neuron relu"),
    "respike-relu": Training(f"{RESPIKE} --neuron relu --branches residual"),
    "svformer-clip": Training(FINETUNE),
    "ann-command": Training(CNN, frames=""),
}


def split(source: Path, folder: Path) -> None:
    """The clips for training, of which `fit` says which train, and the test clips in another file."""
    with np.load(source) as file:
        x, command, train = file["x"], file["command"], file["train"]
    fit = np.ones(int(train.sum()), bool)
    fit[np.random.default_rng(0).permutation(len(fit))[:VALIDATION]] = False
    np.savez_compressed(folder / "clips.npz", x=x[train], command=command[train], fit=fit)
    np.savez_compressed(folder / "test.npz", x=x[~train], command=command[~train])


def trained(name: str, folder: Path) -> None:
    """Train one network into folder/name."""
    training = TRAININGS[name]
    clips = f"npz:{folder}/clips.npz?layout=NTHW&y=command" + (f"&frames={training.frames}" if training.frames else "")
    own = folder / name
    suffix = ".pt2" if training.command.startswith("finetune") else ".pt"
    if (own / f"{name}{suffix}").exists():
        print(f"{name} is trained already")
        return
    own.mkdir(exist_ok=True)
    line = [
        *training.command.format(folder=folder).split(),
        *("--data", f"{clips}&where=fit", "--val", f"{clips}&where=!fit"),
        *("--folder", str(own / "run"), "-o", str(own / f"{name}{suffix}")),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    subprocess.run([sys.executable, str(Path(__file__).with_name("small_maps.py")), *line], check=True, env=environment)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, help="grid_s1_mouth.npz: x, command, train")
    parser.add_argument("--only", nargs="+", default=list(TRAININGS), help=f"of {', '.join(TRAININGS)}")
    parser.add_argument("-o", "--output", type=Path, required=True)
    chosen = parser.parse_args()
    chosen.output.mkdir(parents=True, exist_ok=True)
    if not (chosen.output / "test.npz").exists():
        split(chosen.clips, chosen.output)
    for name in chosen.only:
        trained(name, chosen.output.resolve())


if __name__ == "__main__":
    main()
