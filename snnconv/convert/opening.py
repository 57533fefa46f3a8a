"""From a model to its canonical ANN, with the sizes that it takes: as many free as can be converted."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import fx, nn
from torch.export import ExportedProgram

from ..capture.capture import capture, recapture
from ..capture.examples import Examples
from ..capture.free_sizes import Captured, capture_free, recapture_free
from ..capture.guards import said_at
from ..capture.raise_modules import raise_modules
from ..capture.refused import without_folder
from ..capture.source import require_numbers
from ..graph.graphs import clone
from ..sizes import Sizes
from .canonical import MaxPool, canonicalise
from .preflight import Report

UNCONVERTED = "{} cannot be converted with settings that are computed from it"


class Opened(NamedTuple):
    """A network as its modules, its canonical ANN, and which sizes both take."""

    raised: fx.GraphModule
    canonical: fx.GraphModule
    sizes: Sizes


def opened(
    model: nn.Module | ExportedProgram,
    examples: Examples,
    maxpool: MaxPool,
    judge: Callable[[fx.GraphModule], Report],
    fixed: str = "",
) -> Opened:
    """Capture a model and rewrite it; where free sizes stand in the way of that, with the sizes of the example.

    Args:
        judge: the pre-flight of a canonical network.
        fixed: why sizes have to be fixed; "" where they need not be.
    """
    if not fixed:
        found = rewritten(model, captured(model, examples), examples, maxpool)
        unsupported = judge(found.canonical).unsupported if found.sizes.free else []
        if not unsupported:
            return found
        entry = unsupported[0]
        fixed = UNCONVERTED.format(entry.operation) + said_at(without_folder(entry.source))
    program = capture(model, examples.arguments) if isinstance(model, nn.Module) else recapture(model)
    sizes = Sizes.fixed_at(examples.shapes, fixed)
    return rewritten(model, Captured(program, sizes), examples, maxpool)


def captured(model: nn.Module | ExportedProgram, examples: Examples) -> Captured:
    if not isinstance(model, nn.Module):
        return recapture_free(model)
    known = model.meta.get("sizes") if isinstance(model, fx.GraphModule) else None  # of `snnconv.clip`
    return capture_free(model, examples.arguments, known)


def rewritten(model: nn.Module | ExportedProgram, found: Captured, examples: Examples, maxpool: MaxPool) -> Opened:
    raised = raise_modules(found.program, model if isinstance(model, nn.Module) else None)
    require_numbers(raised)  # by the names of the source: BatchNorms are not folded yet
    canonical = canonicalise(clone(raised) if examples.batches is None else raised, maxpool)
    return Opened(raised, canonical, found.sizes)
