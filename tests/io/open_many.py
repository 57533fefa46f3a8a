"""Opens the files named on standard input, one JSON line for each: run in a process of its own, which may be killed.

    python -m tests.io.open_many < names

The process allows itself two gibibytes more than it has once everything is imported.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch.export.pt2_archive._package  # imported before the limit is set
from safetensors.torch import save

from snnconv.errors import SnnconvError
from snnconv.io import load_pickle, load_safetensors, open_model, state_dict_of

LIMIT = 2 * 2**30
OPENERS: dict[str, Callable[[str], object]] = {  # what opens weights without a network
    ".safetensors": load_safetensors,
    ".pth": lambda path: state_dict_of(load_pickle(path), path),
}


def main() -> None:
    warnings.simplefilter("ignore")
    save({"a": torch.ones(1)})
    first = True
    for line in sys.stdin:
        path = line.rstrip("\n")
        print(json.dumps({"opening": path}), flush=True)
        started = time.process_time()
        outcome = attempt(path)
        seconds = time.process_time() - started
        print(json.dumps({"file": path, "outcome": outcome, "seconds": seconds, "peak": peak()}), flush=True)
        if first:  # the first is whole, and has imported what is imported late
            limit_memory()
            first = False


def attempt(path: str) -> str:
    """`loaded`, `refused`, or the exception that should not have come out."""
    try:
        OPENERS.get(Path(path).suffix, open_model)(path)
    except SnnconvError as error:
        return "refused" if str(error).strip() else "refused without a word"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:300]}"
    return "loaded"


def limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + LIMIT
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def peak() -> int:
    """The most memory held so far, in bytes; `ru_maxrss` would begin with that of the process that started this one."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


if __name__ == "__main__":
    main()
