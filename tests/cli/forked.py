"""Commands in processes of their own without the seconds that each start takes.

`python -m tests.cli.forked` imports everything once and forks for every command that it is told; a process that has
computed gradients, as that of the tests has, could not: torch refuses them in its forks.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

CRASHED = 97
SECONDS = 200.0


@dataclass(frozen=True)
class Ask:
    """A command to run.

    Attributes:
        log: file that both streams go to, unless they are told otherwise.
        out, error: another stream: "full", "closed", or "pipe" that nobody reads.
        encoding: of both streams. size: bytes that no file may be larger than.
        sent: a signal, after so many seconds: what the process started goes on.
    """

    arguments: list[str]
    folder: str
    log: str
    out: str = "log"
    error: str = "log"
    encoding: str = "utf-8"
    size: int | None = None
    sent: tuple[str, float] | None = None


@dataclass(frozen=True)
class Told:
    """How it ended: exit code, minus the number of a signal; None: it did not. left: processes that it left behind."""

    code: int | None
    seconds: float
    left: int


class Forks:
    """The other side of the process that forks."""

    def __init__(self) -> None:
        line = [sys.executable, "-W", "ignore", "-m", __name__]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
            cwd=Path(__file__).parents[2],
        )  # fmt: skip

    def __call__(
        self, arguments: Sequence[object], log: str | Path, *, folder: Path | None = None, **asked: Any
    ) -> Told:
        ask = Ask([str(part) for part in arguments], str(folder or Path.cwd()), str(Path(log).absolute()), **asked)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asdict(ask)) + "\n")
        self.process.stdin.flush()
        return Told(**json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        self.process.communicate()


# what commands import late
LATE = (
    "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "torch._dynamo", "torch._inductor.config",
    "torch._functorch.aot_autograd", "torch.export.pt2_archive._package", "torch.fx.experimental.symbolic_shapes",
    "snnconv.reports", "snnconv.cli", "snnconv.training", "snnconv.tuning", "snnconv.verification",
)  # fmt: skip


def serve() -> None:
    for name in LATE:
        importlib.import_module(name)
    import torch

    torch.set_num_threads(1)
    for line in sys.stdin:
        ask = Ask(**json.loads(line))
        began = time.monotonic()
        child = forked(ask)
        if ask.sent is not None and ended(child, ask.sent[1]) is None:
            os.kill(child, getattr(signal, ask.sent[0]))
        code = ended(child, SECONDS, reap=True)
        left = sum(group_of(process) == child for process in map(int, filter(str.isdigit, os.listdir("/proc"))))
        if code is None or left:
            os.killpg(child, signal.SIGKILL)
        if code is None:
            os.waitpid(child, 0)
        print(json.dumps(asdict(Told(code, time.monotonic() - began, left))), flush=True)


def group_of(process: int) -> int:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return -1


def ended(child: int, seconds: float, *, reap: bool = False) -> int | None:
    """The exit code once there is one; None: not in so many seconds."""
    last = time.monotonic() + seconds
    while True:
        found = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is not None:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if reap else 0
        if time.monotonic() > last:
            return None
        time.sleep(0.002)


def forked(ask: Ask) -> int:
    child = os.fork()
    if child:
        return child
    code = CRASHED
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(ask.folder)
        sys.stdout = redirected(1, ask.out, ask, "strict")  # type: ignore[assignment]
        sys.stderr = redirected(2, ask.error, ask, "backslashreplace")  # type: ignore[assignment]
        sys.argv = ["snnconv", *ask.arguments]
        if ask.size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (ask.size, ask.size))
        code = called()
    finally:
        os._exit(code)


def redirected(number: int, kind: str, ask: Ask, errors: str) -> io.TextIOWrapper | None:
    """The stream, as Python makes it."""
    if kind == "closed":
        os.close(number)
        return None
    if kind == "pipe":
        reading, handle = os.pipe()
        os.close(reading)
    else:
        name = "/dev/full" if kind == "full" else ask.log
        handle = os.open(name, os.O_WRONLY | os.O_APPEND | (0 if kind == "full" else os.O_CREAT), 0o666)
    os.dup2(handle, number)
    os.close(handle)
    return io.TextIOWrapper(open(number, "wb", closefd=False), encoding=ask.encoding, errors=errors)


def called() -> int:
    """The exit code, with what Python does at its end: it flushes, and ends with 120 where that fails."""
    from snnconv.cli.main import main

    code = CRASHED
    try:
        main()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 0
    except BaseException:
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            code = 120
    return code


if __name__ == "__main__":
    serve()
