"""C99 of networks of whole numbers: net.h, net.c and a main.c that reads raw samples."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from ...errors import InputError
from ...files import write_bytes, write_text
from ...network import SpikingNetwork
from ..about import about
from ..format import FORMATS, Format, Options, Ran, Refusal
from .lower import Program, lowered
from .text import header, main_text, pixel_levels, source

FLAGS = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Werror")
FILES = ("net.h", "net.c", "main.c", "net.json")


@FORMATS.register("c")
class CProgram(Format):
    """A folder; `cc -std=c99 -O2 net.c main.c -o net && ./net sample.raw`."""

    suffix: ClassVar[str] = ".c"
    runtime: ClassVar[str] = "cc"
    takes: ClassVar[frozenset[str]] = frozenset({"T"})
    folder: ClassVar[bool] = True

    def refusals(self, snn: SpikingNetwork, options: Options) -> list[Refusal]:
        if not snn.is_whole:
            where, why = "every layer", "its weights are real numbers, and the C program has no floats"
            return [Refusal(where, why, "convert with --weight-bits 8, or snn.quantise(8)")]
        return lowered(snn)[1]

    def write(self, snn: SpikingNetwork, path: Path, options: Options) -> dict[str, str]:
        program, _ = lowered(snn)
        pixels = pixels_of(snn, program)
        text, flash, ram = source(program, pixels)
        told = f"{snn.plan.settings.get('method')}, T = {options.T}; {flash:,} bytes of constants, {ram:,} of memory."
        shape, has_pixels = tuple(snn.plan.input_shapes[0]), pixels is not None
        write_text(path / "net.h", header(program, shape, options.T, snn.warm_up, told, has_pixels))
        write_text(path / "net.c", text)
        write_text(path / "main.c", main_text(has_pixels))
        levels = program.levels
        assert levels is not None
        facts: dict[str, Any] = {
            **about(snn, options.T), "unit": program.unit.flatten().tolist(), "shape": list(program.unit.shape),
            "level": levels.step.flatten().tolist(), "levels": [levels.low, levels.high], "flash": flash, "ram": ram,
        }  # fmt: skip
        write_text(path / "net.json", json.dumps(facts, indent=1) + "\n")
        return {"size": f"{flash / 1024:.1f} KiB of constants (flash), {ram / 1024:.1f} KiB of memory (RAM)"}

    def files(self, path: Path) -> list[Path]:
        return [path / name for name in FILES]

    def run(self, path: Path, inputs: list[Tensor], steps: int) -> Ran:
        """Compile and run it, operations counted."""
        facts = json.loads((path / "net.json").read_text(encoding="utf-8"))
        levels = levels_of(inputs[0], facts)
        with tempfile.TemporaryDirectory() as folder:
            binary, sample = Path(folder) / "net", Path(folder) / "samples.raw"
            compile_c(path, binary, "-DNET_COUNT")
            write_bytes(sample, levels.to(torch.int16).numpy().tobytes())
            told = subprocess.run(
                [binary, sample, str(steps)], capture_output=True, encoding="utf-8", check=True
            ).stdout
        lines = [line.split() for line in told.splitlines()]
        operations = int(next(line[1] for line in lines if line[0] == "operations"))
        numbers = [[int(value) for value in line] for line in lines if line[0] not in ("class", "operations")]
        outputs = torch.tensor(numbers).view(len(levels), steps, *facts["shape"]).transpose(0, 1)  # [T, B, …]
        unit = torch.tensor(facts["unit"], dtype=torch.float32).view(facts["shape"])
        totals = (outputs.float() * unit).unbind(0)
        means, total = [], torch.zeros_like(totals[0])
        for t, value in enumerate(totals):
            total = total + value if t else value
            means.append(total / (t + 1))
        return Ran([torch.stack(means)], synops=operations)

    def runtime_version(self) -> str:
        return subprocess.run([compiler(), "--version"], capture_output=True, encoding="utf-8").stdout.splitlines()[0]


def pixels_of(snn: SpikingNetwork, program: Program) -> Tensor | None:
    """Levels of pixels, where inputs are images whose normalisation is known."""
    normalization, shape, levels = snn.plan.normalization, snn.plan.input_shapes[0], program.levels
    if normalization is None or levels is None or len(shape) != 3:
        return None
    mean, std = ([float(value) for value in torch.tensor(normalization[key]).flatten()] for key in ("mean", "std"))
    if len(mean) == 1:
        mean, std = mean * shape[0], std * shape[0]
    return pixel_levels(levels.step, levels.low, levels.high, mean, std) if len(mean) == shape[0] else None


def levels_of(x: Tensor, facts: dict[str, Any]) -> Tensor:
    step = torch.tensor(facts["level"], dtype=torch.float64)
    step = (
        step
        if step.numel() == 1
        else step.view(-1, *[1] * (x.dim() - 2))
        if step.numel() == x.shape[1]
        else step.view(x.shape[1:])
    )
    low, high = facts["levels"]
    return (x.double() / step).round().clamp(low, high)


def compiler() -> str:
    """The C compiler: $CC, or cc.

    Raises:
        InputError: there is none.
    """
    name = os.environ.get("CC") or "cc"
    if shutil.which(name) is None:
        raise InputError(
            "there is no C compiler to run the program with", got=name,
            remedy="install one, set CC, or leave the check out (--no-check)",
        )  # fmt: skip
    return name


def compile_c(folder: Path, binary: Path, *flags: str) -> None:
    done = subprocess.run(
        [compiler(), *FLAGS, *flags, "-I", folder, folder / "net.c", folder / "main.c", "-o", binary],
        capture_output=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    if done.returncode:
        raise InputError(
            "the C program does not compile", got=done.stderr.strip().splitlines()[0] if done.stderr else ""
        )
