"""The command line: parse, call the package, print."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

import click

from ..measure.distributed import alone, process_number, processes
from ..provenance import running
from ..visible import visible_streams
from . import streams
from .commands import COMMANDS
from .faults import endings, outcome, show_trace

EPILOG = (
    "Exit codes: 0 done, 1 a check failed, 2 bad input, wrong usage or a system error, 128 and above ended by a signal "
    "(130 Ctrl-C, 143 SIGTERM)."
)
SHARING = {"sweep", "compare", "report", "train", "finetune"}  # of which several processes do a part each
COMPLETION = "_SNNCONV_COMPLETE"


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="snnconv")
@click.pass_context
def cli(context: click.Context) -> None:
    """Turn trained PyTorch networks into spiking networks that are accurate in a few time steps.

    \b
    snnconv inspect torchvision:resnet18
    snnconv convert model.pt --alpha 0.5 --beta 2 --calib npz:train.npz -o snn.pt2
    snnconv sweep snn.pt2 --data npz:test.npz --T 1,2,4,8 -o out/
    """
    if context.invoked_subcommand not in SHARING and processes() > 1:
        if process_number():
            context.exit(0)
        context.with_resource(alone())


def debugging(context: click.Context, _: click.Parameter, value: bool) -> None:
    """Remembered where `main` finds it when the context is gone."""
    if value and isinstance(context.obj, set):
        context.obj.add("debug")


def with_debug(command: click.Command) -> click.Command:
    """The command with `--debug`, and those below it."""
    described = "Show the full traceback of an error."
    options: dict[str, Any] = {"is_flag": True, "is_eager": True, "expose_value": False, "help": described}
    command.params.append(click.Option(["--debug"], callback=debugging, **options))
    for below in getattr(command, "commands", {}).values():
        with_debug(below)
    return command


for command in COMMANDS:
    cli.add_command(command)
with_debug(cli)


def main() -> None:
    """Run the command line; every expected error is one message and an exit code, never a traceback."""
    if COMPLETION in os.environ:
        cli.main(sys.argv[1:], prog_name="snnconv")  # click writes bytes, which the streams below do not take
    asked: set[str] = set()
    with streams.usable(), visible_streams():
        try:
            with endings(), running(sys.argv[1:]):
                code = run(sys.argv[1:], asked)
                streams.flush()
        except BaseException as error:
            if (found := outcome(error)) is None:
                raise
            if "debug" in asked:
                show_trace(error)
            leave(*found)
        streams.give_up()
        sys.exit(code)


def run(arguments: list[str], asked: set[str]) -> int:
    """The exit code of a command; not by click's own `main`, which has codes of its own for signals and pipes."""
    try:
        with cli.make_context("snnconv", list(arguments), obj=asked) as context:
            cli.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # by rich, in its own way
            raise ended.__context__ from None
        return ended.code if isinstance(ended.code, int) else 0
    return 0


def leave(code: int, say: Callable[[], None]) -> NoReturn:
    """Of several processes the first alone speaks. Their launcher ends it when another has ended: those wait for it."""
    if process_number():
        time.sleep(1)
    else:
        with suppress(OSError):  # nobody listens
            say()
    streams.give_up()
    sys.exit(code)
