"""What a format has to do: say what it cannot hold, write the rest, and run what was written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from torch import Tensor

from ..network import SpikingNetwork
from ..registry import Registry


@dataclass(frozen=True)
class Options:
    """What a format may be asked for.

    Attributes:
        T: time steps inside the file, where it holds a number of them.
        compiled: whether the step is machine code.
        dialect: of NIR. v0: "state" in its metadata, or "bias", as a current of v(0)/T.
    """

    T: int = 1
    compiled: bool = False
    dialect: str = "spec"
    v0: str = "state"


@dataclass(frozen=True)
class Refusal:
    """One reason why a network has no such form.

    Attributes:
        where: the site or layer. why: in words. instead: what would export.
    """

    where: str
    why: str
    instead: str


@dataclass(frozen=True)
class Ran:
    """What an exported network gave.

    Attributes:
        means: of each output the mean of the first t steps, [T, B, …].
        spikes: {site: spikes of every step}, where the format tells; synops: synaptic operations, likewise.
    """

    means: list[Tensor]
    spikes: dict[str, list[int]] | None = None
    synops: int | None = None


class Format(ABC):
    """A kind of file that runs without snnconv.

    Attributes:
        suffix: of its files. takes: of the options.
        runtime: what it is checked with. fixed_T: whether it holds a number of steps. folder: whether it is one.
    """

    suffix: ClassVar[str]
    runtime: ClassVar[str]
    takes: ClassVar[frozenset[str]] = frozenset()
    fixed_T: ClassVar[bool] = False
    folder: ClassVar[bool] = False

    def meant(self, snn: SpikingNetwork, options: Options) -> SpikingNetwork:
        """The network that is written and compared: the one given, unless an option asks for another."""
        return snn

    def refusals(self, snn: SpikingNetwork, options: Options) -> list[Refusal]:
        """Everything of the network that has no such form."""
        return []

    @abstractmethod
    def write(self, snn: SpikingNetwork, path: Path, options: Options) -> dict[str, str]:
        """Write the file, or the folder; what is worth telling about it, by name."""

    @abstractmethod
    def run(self, path: Path, inputs: list[Tensor], steps: int) -> Ran:
        """Run what was written, by other software, for so many steps of output."""

    @abstractmethod
    def runtime_version(self) -> str:
        """That of `runtime`, in words.

        Raises:
            InputError: it is not there.
        """

    def files(self, path: Path) -> list[Path]:
        """What `write` makes."""
        return [path]


FORMATS: Registry[type[Format]] = Registry("format")
