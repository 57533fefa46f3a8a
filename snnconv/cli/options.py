"""Options that several commands share, declared once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ..methods.options import OPTIONS, Option, is_short

F = TypeVar("F", bound=Callable[..., Any])


def together(*options: Callable[[F], F]) -> Callable[[F], F]:
    """One decorator that applies several, the first on top of the help page."""

    def apply(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return apply


class Whole(click.types.IntParamType):
    """A whole number of 32 bits."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not is_short(number):
            self.fail(f"expected a whole number of 32 bits; got {value}", param, ctx)
        return number


WHOLE = Whole()


class Value(click.ParamType):
    """The value of a conversion's option."""

    def __init__(self, option: Option) -> None:
        self.option, self.name = option, option.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self.option.read(value) if isinstance(value, str) else value
        except (ValueError, KeyError):
            self.fail(f"expected {self.option.expected}; got {value!r}", param, ctx)


def option_of(option: Option, *, several: bool = False) -> Callable[[F], F]:
    """What the command line takes for an option of a conversion; `several`: a list of values, told apart later."""
    if "/" in option.declarations[0]:
        return click.option(*option.declarations, default=None, help=option.help)
    metavar = f"{option.placeholder}[,{option.placeholder}…]" if several else option.placeholder
    kind = None if several else Value(option)
    return click.option(*option.declarations, type=kind, metavar=metavar, help=option.help)


def listed(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> str | None:
    """`a,b` given at once or one by one; None where nothing is."""
    return ",".join(value) if value else None


def shapes(
    _: click.Context, __: click.Parameter, value: str | None
) -> tuple[int, ...] | tuple[tuple[int, ...], ...] | None:
    """`3,224,224` → (3, 224, 224); `3,8,224,224;3,32,224,224` → a tuple of two such."""
    if value is None:
        return None
    try:
        found = tuple(tuple(int(part) for part in shape.replace("x", ",").split(",")) for shape in value.split(";"))
    except ValueError:
        raise click.BadParameter(
            "expected sizes without the batch, such as 3,224,224; of several inputs, such as '3,8,224,224;3,32,224,224'"
        ) from None
    if any(size >= 2**31 for shape in found for size in shape):
        raise click.BadParameter("expected sizes of 32 bits")
    return found[0] if len(found) == 1 else found


def seed(_: click.Context, parameter: click.Parameter, value: int) -> int:
    """A number that every generator takes: NumPy none below 0, torch none above 64 bits."""
    if not 0 <= value < 2**63:
        raise click.BadParameter(f"expected a whole number from 0 to 2^63 − 1; got {value}", param=parameter)
    return value


# What is told about the model file.
bare_model_options = together(
    click.option(
        "--arch",
        help="The network that a file of weights belongs to: torchvision:NAME, pytorchvideo:NAME, timm:NAME, "
        "snnconv:NAME or module:factory.",
    ),
    click.option("--num-classes", type=WHOLE, help="Number of classes, for a model given by name."),
    click.option("--arch-arg", "arch_args", multiple=True, metavar="K=V", help="Further argument for the factory."),
    click.option("--allow", multiple=True, metavar="package.module.Class", help="A class to allow in a pickle."),
    click.option("--trust", is_flag=True, help="Load the file even if that runs code from it."),
)

weights_option = click.option("--weights", type=click.Path(), help="Weights for a model given by name.")

model_options = together(
    bare_model_options,
    weights_option,
    click.option(
        "--input-shape",
        callback=shapes,
        metavar="C,H,W[;…]",
        help="Shape of one input, inferred if not given; for several inputs, separate the shapes with a semicolon.",
    ),
)

# Of all data that a command opens.
normalization_options = together(
    click.option("--mean", metavar="M[,M…]", help="Mean of the inputs in 0…1, such as 0.485,0.456,0.406."),
    click.option("--std", metavar="S[,S…]", help="Standard deviation of the inputs, such as 0.229,0.224,0.225."),
    click.option("--workers", type=click.IntRange(0, 1024), metavar="N",
                 help="Processes that decode video files; with 0, the command decodes them itself  "
                 "[default: one per core, at most 8]"),
    click.option("--strict", is_flag=True, help="Stop at a damaged video file. Otherwise it is left out and reported."),
)  # fmt: skip

maxpool_option = click.option(
    "--maxpool", type=click.Choice(["exact", "avg", "lipool"]),
    help="exact: max pooling on running sums; avg: average pooling instead; lipool: lateral inhibition  "
    "[default: the method's]",
)  # fmt: skip

# How the network is converted. None means: as the method says.
bare_setting_options = together(
    *(option_of(option) for name, option in OPTIONS.items() if name not in ("alpha", "beta")),
    maxpool_option,
    click.option("--keep", metavar="REGEX", help="Activation sites that stay analog."),
    click.option("--only", metavar="REGEX", help="The only activation sites that spike."),
)  # fmt: skip

setting_options = together(
    bare_setting_options,
    click.option("--calib", metavar="DATA", help="Calibration data (training images); synthetic data if not given."),
    click.option("--calib-limit", type=WHOLE, default=512, show_default=True, help="Number of calibration samples."),
)

spike_options = together(option_of(OPTIONS["alpha"]), option_of(OPTIONS["beta"]))

conversion_options = together(
    click.option("--method", default="auto", show_default=True, help="auto, sdm, …; 'snnconv methods' lists them."),
    spike_options,
    setting_options,
)

# Several networks: every method with every α and β.
grid_options = together(
    click.option(
        "--method", default=("auto",), show_default="auto", metavar="M[,M…]", multiple=True, callback=listed,
        help="auto, sdm, … (see 'snnconv methods'), or several, each with its own options: if,sdm:retract=zero,auto.",
    ),
    option_of(OPTIONS["alpha"], several=True),
    option_of(OPTIONS["beta"], several=True),
    setting_options,
)  # fmt: skip

run_options = together(
    click.option("--batch-size", type=WHOLE, default=100, show_default=True, help="Samples per batch."),
    click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, …"),
    click.option("--dtype", default="float32", show_default=True, help="float32, float64, bfloat16 or float16."),
)

shared_options = together(
    click.option("--seed", type=int, default=0, show_default=True, callback=seed, help="Seed for everything random."),
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print one JSON object on standard output; everything else goes to standard error.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Show no progress bars and no notices."),
)
