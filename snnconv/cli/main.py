"""The command line: parse, call the package, print."""

from __future__ import annotations

import _thread
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from ..bench.distributed import process_number
from ..errors import SnnconvError
from ..provenance import running
from ..visible import visible_streams
from .commands import COMMANDS

EPILOG = "Exit codes: 0 done, 1 a check did not hold, 2 bad input or use, 130 interrupted."


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="snnconv")
def cli() -> None:
    """Turn trained PyTorch networks into spiking networks that are accurate in a few time steps.

    \b
    snnconv inspect torchvision:resnet18
    snnconv convert model.pt --alpha 0.5 --beta 2 --calib npz:train.npz -o snn.pt2
    snnconv sweep snn.pt2 --data npz:test.npz --T 1,2,4,8 -o out/
    """


for command in COMMANDS:
    cli.add_command(command)


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C gets through also where it hits a callback of the garbage collector, of which torch has many.

    Python can only ignore an exception there, and says so to this hook: the interrupt is then sent again.
    """
    before = sys.unraisablehook

    def again(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            timer = threading.Timer(0.05, _thread.interrupt_main)  # later: raised in here it would be lost too
            timer.daemon = True
            timer.start()
        else:
            before(lost)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before


def main() -> None:
    """Run the command line; every expected error is one message and an exit code, never a traceback."""
    with visible_streams():
        run()


def run() -> NoReturn:
    try:
        with interruptible(), running(sys.argv[1:]):
            sys.exit(cli.main(prog_name="snnconv", standalone_mode=False) or 0)
    except click.ClickException as error:
        leave(2, error.show)
    except SnnconvError as error:
        text = f"error: {error}"
        leave(2, lambda: click.echo(text, err=True))
    except (click.Abort, KeyboardInterrupt):
        leave(130, lambda: click.echo("interrupted", err=True))


def leave(code: int, say: Callable[[], None]) -> NoReturn:
    """Of several processes the first alone speaks. Their launcher ends it when another has ended: those wait for it."""
    if process_number():
        time.sleep(1)
    else:
        say()
    sys.exit(code)
