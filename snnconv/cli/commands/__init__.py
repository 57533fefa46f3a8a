"""One command a file."""

from . import (
    anytime,
    bench,
    compare,
    convert,
    count,
    coverage,
    diagnose,
    energy,
    export,
    finetune,
    inspect,
    latency,
    methods,
    report,
    robustness,
    sweep,
    train,
    tune,
    verify,
)  # fmt: skip

# in the order of the help page
COMMANDS = (
    inspect.inspect, methods.methods, convert.convert, verify.verify, coverage.coverage, train.train,
    finetune.finetune, tune.tune, sweep.sweep, compare.compare, energy.energy, diagnose.diagnose, latency.latency,
    anytime.anytime, robustness.robustness, report.report, export.export, count.count, bench.bench,
)  # fmt: skip
