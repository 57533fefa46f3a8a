"""What T time steps cost, as a ratio to T passes of the ANN, and how memory grows with T.

    python benchmarks/engine.py                 # eager against eager
    python benchmarks/engine.py --compile       # and compiled against compiled (minutes of compilation)

Each ratio is the median over 7 interleaved pairs (ANN pass, SNN run of T = 4) after 2 warm-up pairs, all in one
process; the ANN is the model as a user has it, BatchNorm not folded. Peak memory is the highest resident size of a
fresh process while it runs the network with chunk = 1 (read from /proc, so on Linux only). Random weights: only time
and memory are measured.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn

import snnconv
from snnconv import models
from snnconv.provenance import provenance

T = 4
PAIRS, WARM_UP = 7, 2
NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "resnet18, 4 × 3 × 224²": (torchvision.models.resnet18, (4, 3, 224, 224)),
    "vgg16_bn, 1 × 3 × 224²": (torchvision.models.vgg16_bn, (1, 3, 224, 224)),
    "cifar_resnet20, 32 × 3 × 32²": (models.cifar_resnet20, (32, 3, 32, 32)),
}
METHODS = ("if", "sdm", "auto", "sdm-zero")


def pair_ratio(ann: Callable[[], Any], snn: Callable[[], Any]) -> tuple[float, float, float]:
    """Median times in ms of both, and the median of their ratio divided by T."""
    times: list[tuple[float, float]] = []
    for index in range(WARM_UP + PAIRS):
        start = time.perf_counter()
        ann()
        between = time.perf_counter()
        snn()
        end = time.perf_counter()
        if index >= WARM_UP:
            times.append((between - start, end - between))
    first, second = zip(*times)
    ratio = statistics.median(s / a for a, s in times) / T
    return 1e3 * statistics.median(first), 1e3 * statistics.median(second), ratio


def timings(compiled: bool) -> Iterator[dict[str, Any]]:
    """One row per network, method and chunk."""
    for name, (build, shape) in NETWORKS.items():
        torch.manual_seed(0)
        model = build().eval()
        x = torch.randn(shape)
        for method in METHODS:
            snn = snnconv.convert(model, T, data=[x], method=method)
            for label, chunk in {"1": 1, "T": T, "default": None}.items():
                snn.chunk = chunk
                yield {"network": name, "mode": "eager", "method": method, "chunk": label, **measured(model, snn, x)}
        if compiled:
            snn.compile()
            row = {"network": name, "mode": "compiled", "method": METHODS[-1], "chunk": "default"}
            yield {**row, **measured(torch.compile(model), snn, x)}


def measured(ann: Callable[..., Any], snn: nn.Module, x: torch.Tensor) -> dict[str, float]:
    with torch.no_grad():
        ann_ms, snn_ms, ratio = pair_ratio(lambda: ann(x), lambda: snn(x))
    return {"ann_ms": round(ann_ms, 1), "snn_ms": round(snn_ms, 1), "ratio": round(ratio, 3)}


def peak_memory(steps: int) -> float:
    """Highest resident size in MiB of a fresh process that runs ResNet-18 for `steps` time steps, chunk = 1."""
    command = [sys.executable, __file__, "--memory", str(steps)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def run_for_memory(steps: int) -> float:
    torch.manual_seed(0)
    build, shape = NETWORKS["resnet18, 4 × 3 × 224²"]
    x = torch.randn(shape)
    snn = snnconv.convert(build(), steps, data=[x])
    snn.chunk = 1
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak so far is forgotten
    snn(x)
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", action="store_true", help="measure compiled against compiled too")
    parser.add_argument("-o", "--output", type=Path, help="keep the figures as JSON")
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        print(run_for_memory(options.memory))
        return
    rows = []
    print(f"{'network':30} {'mode':9} {'method':6} {'chunk':8} {'ANN ms':>8} {'SNN ms':>8}  SNN / (T × ANN), T = {T}")
    for row in timings(options.compile):
        rows.append(row)
        cells = f"{row['network']:30} {row['mode']:9} {row['method']:6} {row['chunk']:8}"
        print(f"{cells} {row['ann_ms']:8.1f} {row['snn_ms']:8.1f}  {row['ratio']:.2f}", flush=True)
    memory = {steps: peak_memory(steps) for steps in (4, 64)}
    for steps, size in memory.items():
        print(f"peak memory of resnet18, chunk = 1, T = {steps}: {size:.0f} MiB")
    if options.output:
        document = {"pairs": PAIRS, "T": T, "rows": rows, "peak_memory_mib": memory, "provenance": provenance(0)}
        options.output.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
