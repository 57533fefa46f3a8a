"""What T time steps cost, as a ratio to one pass of the ANN, and how memory grows with T.

    python benchmarks/engine.py -o benchmarks/results/engine.json      # all of it: half an hour on two cores
    python benchmarks/engine.py --networks resnet18,cifar_resnet20 --methods auto --T 1,4
    python benchmarks/engine.py --compile                              # the compiled ANN too (needs a C++ compiler)

Each ratio is the median of 7 pairs (one ANN pass, one run of T steps), interleaved in one process after 2 pairs of
warm-up; the ANN is the model as a user has it, in float32, BatchNorm not folded. `int8 ANN` is the ANN quantised to 8
bits on the kernels of our 8-bit networks: one step of a neuron that sends 255 levels. SpikingJelly's `ann2snn`
(if it is installed) runs the same model step by step. Peak memory is the highest
resident size of a fresh process that runs ResNet-18 step by step (read from /proc, so on Linux only). Random weights,
scaled layer by layer until activations have variance 1: only time and memory are measured.
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

import snnconv
from snnconv import models
from snnconv.coverage.realistic import make_realistic
from snnconv.provenance import provenance

PAIRS, WARM_UP = 7, 2
METHODS = ("if", "sdm", "sdm-zero", "auto")
STEPS = (1, 2, 4, 8, 16)


def slowfast() -> nn.Module:
    return snnconv.open_model("pytorchvideo:slowfast_4x16").model  # type: ignore[return-value]


# name: (what builds it, shapes of a batch)
NETWORKS: dict[str, tuple[Callable[[], nn.Module], list[tuple[int, ...]]]] = {
    "resnet18": (torchvision.models.resnet18, [(4, 3, 224, 224)]),
    "cifar_resnet20": (models.cifar_resnet20, [(100, 3, 32, 32)]),
    "mobilenet_v2": (torchvision.models.mobilenet_v2, [(4, 3, 224, 224)]),
    "vgg16_bn": (torchvision.models.vgg16_bn, [(1, 3, 224, 224)]),
    "r3d_18": (torchvision.models.video.r3d_18, [(1, 3, 8, 112, 112)]),
    "slowfast_4x16": (slowfast, [(1, 3, 4, 224, 224), (1, 3, 32, 224, 224)]),
}


def synchronise(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def median_ratio(ann: Callable[[], Any], snn: Callable[[], Any], device: str) -> tuple[float, float, float]:
    """Median times in ms of both, and the median of their ratio."""
    times: list[tuple[float, float]] = []
    for index in range(WARM_UP + PAIRS):
        start = time.perf_counter()
        ann()
        synchronise(device)
        between = time.perf_counter()
        snn()
        synchronise(device)
        end = time.perf_counter()
        if index >= WARM_UP:
            times.append((between - start, end - between))
    first, second = zip(*times)
    return 1e3 * statistics.median(first), 1e3 * statistics.median(second), statistics.median(s / a for a, s in times)


def inputs_of(shapes: list[tuple[int, ...]], device: str) -> Any:
    drawn = [torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(device) for shape in shapes]
    return drawn if len(drawn) > 1 else drawn[0]


def built(name: str, device: str) -> tuple[nn.Module, Any]:
    torch.manual_seed(0)
    build, shapes = NETWORKS[name]
    model, x = build().eval(), inputs_of(shapes, "cpu")
    make_realistic(model, [x])
    return model.to(device), inputs_of(shapes, device)


def timings(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One row per network, kind of run and T."""
    for name in options.networks.split(","):
        model, x = built(name, options.device)

        def row(kind: str, method: str, T: int, run: Callable[[], Any], name: str = name, model: nn.Module = model,
                x: Any = x) -> dict[str, Any]:  # fmt: skip
            with torch.no_grad():
                ann, snn, ratio = median_ratio(lambda: model(x), run, options.device)
            times = {"ann_ms": round(ann, 1), "ms": round(snn, 1), "ratio": round(ratio, 3)}
            return {"network": name, "kind": kind, "method": method, "T": T, **times}

        if options.compile:
            compiled = torch.compile(model)
            yield row("ANN compiled", "", 1, partial(compiled, x))
        steps = [int(t) for t in options.T.split(",")]
        ann8 = snnconv.convert(model, 1, data=[x], method="mt", bits=8, weight_bits=8)
        yield row("ANN int8", "", 1, partial(ann8, x))
        for method in options.methods.split(","):
            snn = snnconv.convert(model, 4, data=[x], method=method)
            for kind, network in (("float", snn), ("8 bits", snn.quantise(8))):
                for T in steps:
                    network.T = T
                    yield row(kind, method, T, partial(network, x))
        if find_spec("spikingjelly") and isinstance(x, Tensor):
            try:
                yield from (row("SpikingJelly", "ann2snn", T, run) for T, run in spikingjelly(model, x, steps))
            except Exception as error:  # it traces symbolically, which not every model can take
                print(f"{name}: SpikingJelly does not convert it: {str(error).splitlines()[0][:80]}")


def spikingjelly(model: nn.Module, x: Tensor, steps: list[int]) -> Iterator[tuple[int, Callable[[], Any]]]:
    """SpikingJelly's conversion of the same model, step by step, as its examples run it."""
    from spikingjelly.activation_based import ann2snn, functional

    loader = [(x, torch.zeros(len(x), dtype=torch.long))]
    recipe = ann2snn.RateCodingRecipe(dataloader=loader, mode="99.9%")
    converted = ann2snn.Converter(recipe).convert(copy.deepcopy(model)).eval()

    for T in steps:

        def run(T: int = T) -> Tensor:
            functional.reset_net(converted)
            total: Any = 0.0
            for _ in range(T):
                total = total + converted(x)
            return total / T

        yield T, run


def peak_memory(steps: int, whole: bool) -> float:
    """Highest resident size in MiB of a fresh process that runs ResNet-18 for `steps` time steps, chunk = 1."""
    command = [sys.executable, __file__, "--memory", str(steps), *(["--whole"] if whole else [])]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def run_for_memory(steps: int, whole: bool) -> float:
    model, x = built("resnet18", "cpu")
    snn = snnconv.convert(model, steps, data=[x], weight_bits=8 if whole else "float")
    snn.chunk = 1
    snn(x)
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak so far is forgotten
    snn(x)
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", default=",".join(NETWORKS), help="names, such as resnet18,r3d_18")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--T", default=",".join(map(str, STEPS)), help="numbers of time steps")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--compile", action="store_true", help="measure the compiled ANN too")
    parser.add_argument("-o", "--output", type=Path, help="keep the figures as JSON")
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--whole", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.getLogger("snnconv").setLevel(logging.ERROR)
    if options.memory:
        print(run_for_memory(options.memory, options.whole))
        return
    rows = []
    print(f"{'network':16} {'kind':13} {'method':9} {'T':>3} {'ANN ms':>8} {'ms':>8}  ratio to one ANN pass")
    for row in timings(options):
        rows.append(row)
        cells = f"{row['network']:16} {row['kind']:13} {row['method']:9} {row['T']:3}"
        print(f"{cells} {row['ann_ms']:8.1f} {row['ms']:8.1f}  {row['ratio']:.2f}", flush=True)
        keep(options.output, rows, {})
    memory = {}
    if options.device == "cpu" and "resnet18" in options.networks:
        memory = {f"{kind}, T = {t}": peak_memory(t, kind == "8 bits") for kind in ("float", "8 bits") for t in (4, 64)}
        for steps, size in memory.items():
            print(f"peak memory of resnet18, chunk = 1, {steps}: {size:.0f} MiB")
    keep(options.output, rows, memory)


def keep(path: Path | None, rows: list[dict[str, Any]], memory: dict[str, float]) -> None:
    """What is measured so far: a run takes long, and may be stopped."""
    if path is not None:
        document = {"pairs": PAIRS, "rows": rows, "peak_memory_mib": memory, "provenance": provenance(0)}
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
