"""Several ways to convert one model: how they are typed, and the networks they make, each when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from torch import nn
from torch.export import ExportedProgram

from ..calib import parse_rule
from ..convert import convert
from ..convert.api import check_options
from ..errors import InputError
from ..fingerprint import describe_data, fingerprint, require_repeatable
from ..methods import METHODS, Method
from ..network import SpikingNetwork
from .labels import SYMBOLS, label_of, number

Maker = Callable[[], SpikingNetwork]


ALL = "all"


def boolean(text: str) -> bool:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]


def plus_list(text: str) -> tuple[str, ...]:
    """`shift+bias` → ("shift", "bias"): a comma would begin the next option."""
    return () if text == "none" else tuple(part.strip() for part in text.split("+"))


# what can be fixed for one method of a grid → how its value is read, and what to expect
OPTIONS: dict[str, tuple[Callable[[str], Any], str]] = {
    "alpha": (float, "a number in (0, 1]"),
    "beta": (int, "a whole number ≥ 1"),
    "gate": (str, "memory or input"),
    "retract": (str, "threshold or zero"),
    "down_limit": (int, "a whole number ≥ 0"),
    "bits": (int, "a whole number ≥ 1"),
    "tau": (int, "a whole number of steps"),
    "rho": (int, "a whole number of steps"),
    "cost": (float, "a number in [0, 1)"),
    "delay": (int, "a whole number of steps"),
    "threshold": (str, "a rule, as percentile:99.9"),
    "per_channel": (boolean, "true or false"),
    "corrections": (plus_list, "names, as shift+bias, or none"),
}


OF_EVERY_METHOD = ("threshold", "per_channel", "corrections")  # in the order of `Method.override`


@dataclass(frozen=True)
class Setting:
    """A method with the options that replace its own.

    Attributes:
        options: among the names in `OPTIONS`; those left out are the method's.
        name: what it is called; None: what its method and options make of it.
    """

    method: str
    options: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None

    @property
    def resolved(self) -> dict[str, Any]:
        """All options as the conversion will record them."""
        method = self.setting
        choice = {"threshold": method.threshold, "granularity": method.granularity}
        warm_up = {"warm_up": method.warm_up_steps} if method.warm_up else {}
        corrections = {"corrections": list(method.calibrations)} if method.calibrations else {}
        return {"method": method.name, **method.options, **method.neuron_options(), **choice, **warm_up, **corrections}

    @property
    def setting(self) -> Method:
        """The method with these options.

        Raises:
            InputError: an option that the method does not take, or a correction that there is not.
        """
        given = dict(self.options)
        own = [given.pop(name, None) for name in OF_EVERY_METHOD]
        return METHODS[self.method].override(given, *own)

    @property
    def label(self) -> str:
        return label_of(self.resolved) if self.name is None else self.name

    @property
    def at_T(self) -> bool:
        """Whether every T needs a conversion of its own."""
        return self.setting.at_T

    def takes(self, option: str) -> bool:
        return option in OF_EVERY_METHOD or METHODS[self.method].takes(option)

    def check(self, T: int) -> None:
        """Everything that can be wrong without looking at the model.

        Raises:
            InputError: an option that the method does not take, or one out of its range.
        """
        method = self.setting
        check_options(method, T, "exact")
        parse_rule(method.threshold)


def parse_methods(text: str) -> list[Setting]:
    """`"if,sdm:alpha=0.2,beta=5,auto"` → settings with what they fix. An option belongs to the method before it.

    `all` stands for every method whose ANN needs no training of its own.

    Raises:
        InputError: an unknown method or option, an option before any method or after `all`, one given twice, or a bad
            value.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    of_all = False
    for piece in text.split(","):
        key, equals, _ = piece.partition("=")
        name, colon, option = (part.strip() for part in piece.partition(":"))
        if equals and ":" not in key:  # the value may hold a colon, as percentile:99.9 does
            option = piece.strip()
            if not found:
                raise InputError(
                    "an option comes before its method", expected="as sdm:alpha=0.2,beta=5", got=repr(text)
                )
        elif name == ALL:
            of_all = True
            found += [(method, dict[str, Any]()) for method in METHODS if METHODS[method].needs == "nothing"]
        else:
            METHODS[name]  # an unknown one is refused, with the nearest
            of_all = False
            found.append((name, {}))
        if option or colon:
            if of_all:
                raise InputError(
                    f"{ALL} takes no options of its own",
                    got=repr(text),
                    remedy="an option of the command, as --threshold mse, holds for every method that has it",
                )
            put_option(*found[-1], option)
    return [Setting(name, options) for name, options in found]


def put_option(method: str, options: dict[str, Any], text: str) -> None:
    """Add one `key=value` to a method's options."""
    key, equals, value = (part.strip() for part in text.partition("="))
    key = key.replace("-", "_")
    if not equals or key not in OPTIONS:
        expected = f"{method}:KEY=VALUE with KEY one of {', '.join(OPTIONS)}"
        raise InputError(f"unknown option of method {method!r}", expected=expected, got=repr(text))
    if key in options:
        raise InputError(f"option {key} of method {method!r} comes twice", got=repr(text))
    read, expected = OPTIONS[key]
    try:
        options[key] = read(value)
    except (ValueError, KeyError):
        raise InputError(
            f"option {key} of method {method!r} has a bad value", expected=expected, got=repr(value)
        ) from None


def parse_numbers(text: str, option: str) -> list[Any]:
    """`"0.2,0.5"` → the values of an option.

    Raises:
        InputError: one that is no such number, or comes twice.
    """
    read, expected = OPTIONS[option]
    values: list[Any] = []
    for part in text.split(","):
        try:
            value = read(part.strip())
        except ValueError:
            raise InputError(
                f"--{option} has a bad value", expected=f"{expected}, or several as 1,2", got=repr(text)
            ) from None
        if value in values:
            raise InputError(f"--{option} {number(value)} comes twice", got=repr(text))
        values.append(value)
    return values


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
        together = len(methods) == 1 or all(setting.takes(name) for name in SYMBOLS)
        apt = [name for name in options if setting.takes(name) and (together or name not in SYMBOLS)]
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
        methods: as on the command line, as "if,sdm:retract=zero,down_limit=2,auto".
        T: the longest time that will be measured.
        alpha, beta: values that are crossed, for every method that has both and fixes neither.
        data: calibration batches, which have to be readable again and again; None: synthetic.
        options: further arguments of `convert`, for all.

    Raises:
        InputError: see `parse_methods` and `combine`.
    """
    own = {name: [options.pop(name)] for name in list(options) if name in OPTIONS}
    crossed = {name: list(values) for name, values in (("alpha", alpha), ("beta", beta)) if list(values)}
    settings = combine(parse_methods(methods), {**crossed, **own}, T)
    if data is not None and len(settings) > 1:
        require_repeatable(data, "calibration")

    def make(setting: Setting, T: int) -> SpikingNetwork:
        return convert(model, T, data=data, method=setting.method, seed=seed, **setting.options, **options)

    about = {
        "model": {"name": type(model).__qualname__, "sha256": fingerprint(model)},
        "calibration": describe_data(data),
        "convert": {name: value for name, value in options.items() if not callable(value)},
    }
    return Grid(settings, make, about, T)
