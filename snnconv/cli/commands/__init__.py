"""One command a file."""

from .bench import bench as bench
from .compare import compare as compare
from .convert import convert as convert
from .count import count as count
from .coverage import coverage as coverage
from .diagnose import diagnose as diagnose
from .energy import energy as energy
from .finetune import finetune as finetune
from .inspect import inspect as inspect
from .latency import latency as latency
from .methods import methods as methods
from .report import report as report
from .robustness import robustness as robustness
from .sweep import sweep as sweep
from .train import train as train
from .tune import tune as tune
from .verify import verify as verify

# in the order of the help page
COMMANDS = (
    inspect, methods, convert, verify, coverage, train, finetune, tune, sweep, compare, energy, diagnose, latency,
    robustness, report, count, bench,
)  # fmt: skip
