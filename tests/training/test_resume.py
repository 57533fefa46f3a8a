"""A training that was stopped anywhere and continued ends with the weights of an undisturbed one, to the bit."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from snnconv import InputError
from snnconv.training.run import Run

from .toys import QUICK, SHAPE, network, same, source, train

STEPS = QUICK["epochs"] * 5


class Killed(Exception):
    """In the place of a signal."""


def stopped_at(step: int, folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    """A training in which nothing is done any more once `step` steps are."""

    def one_step(self: Run, *arguments: Any) -> None:
        if self.step == step:
            raise Killed
        plain(self, *arguments)

    plain = Run.one_step
    with monkeypatch.context() as patch:
        patch.setattr(Run, "one_step", one_step)
        with pytest.raises(Killed):
            train(folder, **settings)


@pytest.mark.parametrize("every", [2, *(pytest.param(every, marks=pytest.mark.slow) for every in (1, 100))])
def test_stopped_at_any_step(every: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With dropout, augmentation, BatchNorm, momentum and an average of the weights."""
    settings = {"ema": 0.9, "augment": ("crop", "flip", "cutout"), "save_every": every}
    undisturbed, course = train(tmp_path / "whole", **settings)
    for step in range(STEPS):
        folder = tmp_path / f"at{step}"
        stopped_at(step, folder, monkeypatch, **settings)
        torch.manual_seed(step)  # whatever else was drawn meanwhile
        resumed, again = train(folder, **settings)
        assert same(resumed, undisturbed), step
        assert again.epochs == course.epochs
        assert (folder / "finetune.csv").read_bytes() == (tmp_path / "whole" / "finetune.csv").read_bytes()


@pytest.mark.parametrize("activation", ["qcfs", "rnl", "sd"])
def test_every_activation_resumes(activation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed, _ = train(tmp_path / "whole", network(activation))
    stopped_at(7, tmp_path / "part", monkeypatch, clipped=network(activation))
    resumed, _ = train(tmp_path / "part", network(activation))
    assert same(resumed, undisturbed)


@pytest.mark.parametrize("settings", [{"optimizer": "adamw", "lr": 0.01}, {"early_stop": 1}, {"schedule": "step"}])
def test_other_settings_resume(settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed, course = train(tmp_path / "whole", **settings)
    for step in (3, 6):
        stopped_at(step, tmp_path / f"at{step}", monkeypatch, **settings)
        resumed, again = train(tmp_path / f"at{step}", **settings)
        assert same(resumed, undisturbed)
        assert (again.best, again.epochs) == (course.best, course.epochs)


class Noisy(TensorDataset):
    """A data set that draws from the generators that everyone draws from."""

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        x, y = super().__getitem__(index)
        return x + 0.1 * torch.randn(SHAPE) + 0.1 * random.random(), y


def test_a_shuffling_loader_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its order and noise come from torch's generator: the same in every epoch that is begun again."""

    def loader() -> DataLoader[Any]:
        return DataLoader(Noisy(*source(40, batch_size=40).batch(0)), batch_size=8, shuffle=True)

    random.seed(5)
    undisturbed, _ = train(tmp_path / "whole", data=loader())
    for step in (2, 5, 8):
        random.seed(5)
        stopped_at(step, tmp_path / f"at{step}", monkeypatch, data=loader())
        random.seed(6)
        resumed, _ = train(tmp_path / f"at{step}", data=loader())
        assert same(resumed, undisturbed), step


KILLED = """
import os, signal
from pathlib import Path
import torch
from snnconv.training.run import Run
from tests.training.toys import train
torch.set_num_threads(1)
plain = Run.one_step
def one_step(self, *arguments):
    if self.step == {step}:
        os.kill(os.getpid(), signal.SIGKILL)
    plain(self, *arguments)
Run.one_step = one_step
train(Path({folder!r}))
"""


def test_killed_by_the_system(tmp_path: Path) -> None:
    """A real SIGKILL, at a step drawn again every time."""
    step = random.SystemRandom().randrange(1, STEPS)
    code = KILLED.format(step=step, folder=str(tmp_path / "part"))
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert sorted(os.listdir(tmp_path / "part")) == [".snnconv-finetune.lock", "checkpoint.pt", "finetune.csv"]
    resumed, _ = train(tmp_path / "part")
    undisturbed, _ = train(tmp_path / "whole")
    assert same(resumed, undisturbed), step
    assert sorted(os.listdir(tmp_path / "part")) == sorted(os.listdir(tmp_path / "whole"))


def test_a_finished_training_is_only_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, course = train(tmp_path)
    monkeypatch.setattr(Run, "one_step", lambda *_: pytest.fail("trained again"))
    again, told = train(tmp_path)
    assert same(first, again)
    assert told.epochs == course.epochs
    assert not again.training


def test_afresh_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped_at(4, tmp_path, monkeypatch, lr=0.02)
    fresh, _ = train(tmp_path, resume=False)
    whole, _ = train(tmp_path / "whole")
    assert same(fresh, whole)


def test_other_settings_are_refused(tmp_path: Path) -> None:
    train(tmp_path, epochs=1)
    with pytest.raises(
        InputError, match=r"training of another configuration[\s\S]*settings.epochs: 1 → 2; settings.lr: 0.05 → 0.1"
    ):
        train(tmp_path, epochs=2, lr=0.1)
    with pytest.raises(InputError, match=r"activation.kind: .LearnableClip. → .ClipFloorShift."):
        train(tmp_path, network("qcfs"), epochs=1)
    with pytest.raises(InputError, match=r"data.name: .toy:40. → .toy:48."):
        train(tmp_path, data=source(48), epochs=1)
    other = network()
    with torch.no_grad():
        next(other.parameters()).add_(1)
    with pytest.raises(InputError, match="start: "):
        train(tmp_path, other, epochs=1)


def test_saving_more_often_is_no_other_setting(tmp_path: Path) -> None:
    first, _ = train(tmp_path, save_every=3)
    again, _ = train(tmp_path, save_every=5)
    assert same(first, again)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a file", b"text"])
def test_a_damaged_checkpoint(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(content)
    with pytest.raises(InputError, match="the checkpoint cannot be read"):
        train(tmp_path)


def test_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "hacked"),)

    torch.save({"format": 1, "configuration": Payload()}, tmp_path / "checkpoint.pt")
    with pytest.raises(InputError, match="the checkpoint cannot be read"):
        train(tmp_path)
    assert not (tmp_path / "hacked").exists()


def test_a_checkpoint_of_a_later_format(tmp_path: Path) -> None:
    torch.save({"format": 3}, tmp_path / "checkpoint.pt")
    with pytest.raises(InputError, match="format 3"):
        train(tmp_path)
