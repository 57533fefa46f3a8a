"""The file of a converted network: its canonical ANN as a `.pt2` program, with the spiking plan beside it.

The spiking network is rebuilt from the plan at load, so a file holds no code and serves later versions of the engine.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import IO, TYPE_CHECKING

import torch
from torch.export import ExportedProgram

from ..errors import InputError
from ..modes import ordinary_mode
from ..placement import placement_of
from ..plan import PLAN_FILE, Plan
from ..sizes import Sizes
from .pt2 import load_program, save_program

if TYPE_CHECKING:
    from ..network import SpikingNetwork

FIXED = "the file was saved with its sizes fixed; convert the model again to leave them free"


@ordinary_mode()
def save_network(snn: SpikingNetwork, target: str | os.PathLike[str] | IO[bytes], *, overwrite: bool = True) -> None:
    """Write the network to a path (whole or not at all) or an open binary file.

    Raises:
        InputError: the path cannot be written, or exists and `overwrite` is False.
    """
    from ..capture.capture import MIN_BATCH
    from ..capture.free_sizes import capture_free
    from ..capture.outputs import plain_convention
    from ..graph.graphs import as_call
    from ..graph.whole_inputs import blank_inputs

    canonical = snn.ann.cpu()  # a file loads anywhere
    reference = placement_of(canonical)
    example = blank_inputs(canonical.graph, snn.plan.input_shapes, MIN_BATCH, reference)
    with plain_convention(canonical):
        program, sizes = capture_free(canonical, as_call(canonical, example), snn.plan.sizes)
    snn.plan.T = snn.T
    texts = replace(snn.plan, sizes=sizes).to_texts()
    save_program(program, target, texts, overwrite=overwrite)


@ordinary_mode()
def load_network(source: str | os.PathLike[str] | IO[bytes], *, trust: bool = False) -> SpikingNetwork:
    """Read a network that `save_network` wrote. Runs no code from the file unless `trust`.

    Raises:
        InputError: no converted network, or a damaged one. UnsafeFileError: a file that could run code.
    """
    program, texts = load_program(source, trust=trust)
    where = str(source) if isinstance(source, (str, os.PathLike)) else "the given bytes"
    return rebuild(program, texts, where)


def is_converted(texts: dict[str, str]) -> bool:
    """Whether a program's extra files say that it is a converted network."""
    return PLAN_FILE in texts


def rebuild(program: ExportedProgram, texts: dict[str, str], where: str) -> SpikingNetwork:
    """The spiking network of a canonical program and its plan."""
    from ..capture.guards import sizes_in
    from ..capture.plain_names import plain_path
    from ..capture.raise_modules import raise_modules
    from ..convert.build import build
    from ..graph.sites import activation_sites, name_sites
    from ..graph.time_varying import note_sizes

    plan = Plan.from_texts(texts, where)
    try:
        plan.sizes = (plan.sizes or Sizes.fixed_at(plan.input_shapes, FIXED)).within(sizes_in(program)[0])
        note_sizes(program.graph, plan.input_shapes)
    except ValueError as error:
        raise InputError("the sizes in the plan are not those of the program it came with", where=where) from error
    with torch.no_grad():
        canonical = name_sites(raise_modules(program))
    plan.rename(plain_path)  # as the program's own names are
    found = list(activation_sites(canonical))
    if found != list(plan.sites):
        raise InputError(
            "the spiking plan does not fit the program it came with",
            expected=f"{len(plan.sites)} sites: {', '.join(list(plan.sites)[:5])} …",
            got=f"{len(found)} sites: {', '.join(found[:5])} …",
            where=where,
        )
    try:
        return build(canonical, plan)
    except (InputError, AssertionError, AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise InputError(f"the spiking plan does not fit its network: {reason}"[:500], where=where) from error
