"""Several ways to convert one model: how their options are crossed, and the networks, each made when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from torch import nn
from torch.export import ExportedProgram

from ..convert import convert
from ..convert.data_argument import takes_data
from ..errors import InputError
from ..fingerprint import describe_data, fingerprint, require_repeatable
from ..methods import OPTIONS
from ..methods.label import TOGETHER
from ..network import SpikingNetwork
from .parse_settings import parse_settings
from .setting import Setting

Maker = Callable[[], SpikingNetwork]


def combine(methods: Sequence[Setting], options: Mapping[str, Sequence[Any]], T: int = 1) -> list[Setting]:
    """Every method with every combination of the options that it takes and does not fix itself.

    α and β belong together: among several methods, only those that have both vary with them, so that integrate-and-fire
    neurons come once. One method alone takes what it has, as in `convert`.

    Args:
        options: {name: its values}.
        T: the longest time.

    Raises:
        InputError: an option that no method takes, a value out of range, or a setting that comes twice.
    """
    result: list[Setting] = []
    used: set[str] = set()
    for setting in methods:
        together = len(methods) == 1 or all(setting.takes(name) for name in TOGETHER)
        apt = [name for name in options if setting.takes(name) and (together or name not in TOGETHER)]
        used.update(apt)
        free = [name for name in apt if name not in setting.options]
        for values in product(*(options[name] for name in free)):
            result.append(replace(setting, options={**setting.options, **dict(zip(free, values))}))
    for name in options:
        if name not in used:
            one_of_them = replace_option(methods[0], name, options[name][0])
            one_of_them.check(T)  # its own message: the method has no such option
            raise InputError(f"no method of the grid takes {name}", got=", ".join(s.method for s in methods))
    seen: dict[str, Setting] = {}
    for setting in result:
        setting.check(T)
        if setting.label in seen:
            raise InputError("a setting comes twice", got=setting.label, remedy="leave one of the two out")
        seen[setting.label] = setting
    return result


def replace_option(setting: Setting, name: str, value: Any) -> Setting:
    return replace(setting, options={**setting.options, name: value})


class Grid(Mapping[str, Maker]):
    """{label: what makes its network}, for `sweep`. Nothing is converted before it is asked for.

    Args:
        make: a setting, and a number of time steps that it is to be set up for → its network.
        T: the longest time that will be measured, which networks are set up for unless another is named.
        about: what the networks depend on besides their settings, as plain data, for the journal.
    """

    def __init__(
        self,
        settings: Iterable[Setting],
        make: Callable[[Setting, int], SpikingNetwork],
        about: Mapping[str, Any],
        T: int,
    ) -> None:
        self.settings = {setting.label: setting for setting in settings}
        self.about = dict(about)
        self.T = T
        self._make = make

    def __getitem__(self, label: str) -> Maker:
        return self.maker(label, self.T)

    def maker(self, label: str, T: int) -> Maker:
        """What makes the network of a setting, set up for T time steps."""
        setting = self.settings[label]
        return lambda: self._make(setting, T)

    def __iter__(self) -> Iterator[str]:
        return iter(self.settings)

    def __len__(self) -> int:
        return len(self.settings)


@takes_data("data")
def grid(
    model: nn.Module | ExportedProgram,
    methods: str = "auto",
    T: int = 4,
    *,
    alpha: Iterable[float] = (),
    beta: Iterable[int] = (),
    data: Iterable[Any] | None = None,
    seed: int = 0,
    **options: Any,
) -> Grid:
    """The networks of every combination, to be swept: `sweep(grid(model, "if,sdm", alpha=(0.2, 0.5)), test, (1, 2))`.

    Args:
        methods: as on the command line, such as "if,sdm:retract=zero,down_limit=2,auto".
        T: the longest time that will be measured.
        alpha, beta: values that are crossed, for every method that has both and fixes neither.
        data: calibration batches, which have to be readable again and again; None: synthetic.
        options: further arguments of `convert`, for all.

    Raises:
        InputError: see `parse_methods` and `combine`.
    """
    own = {name: [options.pop(name)] for name in list(options) if name in OPTIONS}
    crossed = {name: list(values) for name, values in (("alpha", alpha), ("beta", beta)) if list(values)}
    settings = combine(parse_settings(methods), {**crossed, **own}, T)
    if data is not None and len(settings) > 1:
        require_repeatable(data, "calibration")

    def make(setting: Setting, T: int) -> SpikingNetwork:
        return convert(model, T, data=data, method=setting.method, seed=seed, **setting.options, **options)

    about = {
        "model": {"name": type(model).__qualname__, "sha256": fingerprint(model)},
        "calibration": describe_data(data),
        "convert": {"seed": seed, **{name: value for name, value in options.items() if not callable(value)}},
    }
    return Grid(settings, make, about, T)
