"""Verifies one network in this process, which may be limited and may be killed; prints its record as one JSON line.

python -m snnconv.coverage torchvision:resnet18 --seed 0 --seconds 300 --memory 24 --threads 2
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
import warnings
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import torch

from ..io.importing import import_quietly
from .one import measured

GIB = 2**30


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m snnconv.coverage", description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="of processor time")
    parser.add_argument("--memory", type=float, required=True, help="GiB beside what the imports take")
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    threading.Thread(target=leave_with_parent, args=(os.getppid(),), daemon=True).start()
    torch.set_num_threads(arguments.threads)
    warnings.simplefilter("ignore")  # of the zoos: what torch deprecates in them is not ours to tell
    for late in ("torch._dynamo", "torchvision"):  # they fail oddly where memory is short, and count as imports
        import_quietly(late)
    limit(arguments.seconds, arguments.memory * GIB)
    print(json.dumps(asdict(measured(arguments.model, arguments.seed))), flush=True)


def leave_with_parent(parent: int) -> None:
    """A run that is killed leaves no process behind."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def limit(seconds: float, memory: float) -> None:
    """The system ends this process where it has used more time, and refuses it more memory."""
    with suppress(ImportError):  # where there is none, nothing is limited
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds + time.process_time()), resource.RLIM_INFINITY))
        pages = (
            int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
            if Path("/proc/self/statm").exists()
            else 0
        )
        most = int(pages * resource.getpagesize() + memory)
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
