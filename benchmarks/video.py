"""What T time steps of a video network cost at full size, as a ratio to T passes of the ANN, and the memory of it all.

    python benchmarks/video.py -o benchmarks/results/video.json      # SlowFast-R50 4×16 at 224², about 6 minutes
    python benchmarks/video.py --network pytorchvideo:slowonly_4x16 --methods sdm-zero --pairs 1

A fresh process for each method builds the network, converts it and runs it; the peak memory is the largest resident
size that it ever had. The ratio is the median over interleaved pairs (ANN pass, SNN run of T steps) after 2 warm-up
pairs, batch 1; the ANN is the model as a user has it, BatchNorm not folded. Interleaving takes out what both halves of
a pair suffer alike; the load of the machine before and after stands in the result, and so does the ratio of the
processor time that the halves took, which other processes disturb less. Weights are random, rescaled so that
activations are of one size in all layers (`snnconv.coverage.make_realistic`): else residual branches would be silent.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import snnconv
from snnconv.capture.capture import fresh
from snnconv.coverage import make_realistic
from snnconv.io import build
from snnconv.io.usual_shapes import usual_shapes
from snnconv.provenance import provenance

WARM_UP = 2
CLIPS = 2  # to calibrate on; the first one is timed
METHODS = "if,sdm,sdm-zero,auto"


def timed(call: Callable[[], Any]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time over all threads."""
    clock, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - clock, time.process_time() - processor


def measured(network: str, method: str, T: int, pairs: int) -> dict[str, Any]:
    """Build, convert and run in this process."""
    torch.manual_seed(0)
    model = build(network).eval()
    shapes = usual_shapes(network, model)
    if shapes is None:
        raise SystemExit(f"{network} does not tell its input shapes")
    clips = tuple(torch.randn(CLIPS, *shape) for shape in shapes)
    make_realistic(model, [as_input(clips)])
    start = time.perf_counter()
    snn = snnconv.convert(model, T, data=[clips if len(clips) > 1 else clips[0]], method=method)
    conversion = time.perf_counter() - start
    clip = as_input(tuple(leaf[:1] for leaf in clips))
    load = os.getloadavg()[0]
    with torch.no_grad():
        times = [(timed(lambda: model(fresh(clip))), timed(lambda: snn(fresh(clip)))) for _ in range(WARM_UP + pairs)]
        error = relative(snn(fresh(clip)), model(fresh(clip)))
    clock, processor = ([(ann[kind], spiking[kind]) for ann, spiking in times[WARM_UP:]] for kind in (0, 1))
    return {
        "method": method,
        "sites": len(snn.sites),
        "convert_s": round(conversion, 1),
        "ann_s": round(statistics.median(ann for ann, _ in clock), 3),
        "snn_s": round(statistics.median(spiking for _, spiking in clock), 3),
        "ratio": ratio(clock, T),
        "ratios": [round(spiking / ann / T, 3) for ann, spiking in clock],
        "ratio_of_processor_time": ratio(processor, T),
        "relative_error": round(error, 5),
        "peak_memory_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),  # KiB on Linux
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
    }


def as_input(leaves: tuple[Tensor, ...]) -> Any:
    return list(leaves) if len(leaves) > 1 else leaves[0]


def relative(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


def ratio(pairs: list[tuple[float, float]], T: int) -> float:
    return round(statistics.median(spiking / ann for ann, spiking in pairs) / T, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="pytorchvideo:slowfast_4x16", help="a name that tells its input shapes")
    parser.add_argument("--methods", default=METHODS)
    parser.add_argument("-T", type=int, default=4, help="time steps")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("-o", "--output", type=Path, help="keep the figures as JSON")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)  # in a process of its own
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.network, options.methods, options.T, options.pairs)))
        return
    rows = []
    print(f"{options.network}, batch 1, T = {options.T}, {torch.get_num_threads()} threads")
    print(f"{'method':9} {'convert s':>9} {'ANN s':>7} {'SNN s':>7} {'ratio':>6} {'CPU':>6} {'GiB':>6}  load")
    for method in options.methods.split(","):
        command = [sys.executable, __file__, "--one", "--methods", method, "--network", options.network]
        command += ["-T", str(options.T), "--pairs", str(options.pairs)]
        row = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        rows.append(row)
        cells = f"{method:9} {row['convert_s']:9.1f} {row['ann_s']:7.2f} {row['snn_s']:7.2f} {row['ratio']:6.2f}"
        cells += f" {row['ratio_of_processor_time']:6.2f} {row['peak_memory_gib']:6.2f}"
        print(f"{cells}  {row['load'][0]}…{row['load'][1]}", flush=True)
        if options.output:  # after every method: nothing is lost where one is ended
            about = {"network": options.network, "T": options.T, "batch": 1, "pairs": options.pairs}
            document = {**about, "rows": rows, "provenance": provenance(0)}
            options.output.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
