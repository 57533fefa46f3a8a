"""`export`: refuse or write, then run what was written and compare."""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from ..errors import InputError, UnsupportedModelError
from ..files import atomic_output, check_output, write_bytes
from ..graph.graphs import as_call
from ..network import SpikingNetwork
from ..provenance import provenance
from ..steps import checked_steps
from ..verification.inputs import Inputs, inputs_of
from .format import FORMATS, Format, Options, Ran, Refusal
from .result import Export, sums

SAMPLES = 4
log = logging.getLogger("snnconv")


def export(
    snn: SpikingNetwork,
    path: str | PathLike[str],
    to: str,
    *,
    T: int | None = None,
    check: Iterable[Any] | Literal[True] | None = True,
    samples: int = SAMPLES,
    overwrite: bool = False,
    seed: int = 0,
    **options: Any,
) -> Export | None:
    """Write a converted network to a format that runs elsewhere, and compare what that gives with `snn.run`.

    Args:
        to: a format of `FORMATS`: onnx-step, onnx, pt2-step, …
        T: time steps inside the file, and of the comparison; default `snn.T`.
        check: batches to compare on, labelled or not; True: random inputs; None: nothing is compared.
        samples: compared at most.
        options: of the format.

    Returns:
        How well it does; None where nothing was compared.

    Raises:
        InputError: an unknown format or option, a file that exists, a package that is missing.
        UnsupportedModelError: the network has no such form: every site with its reason and what would export.
    """
    form, steps, target = FORMATS[to](), checked_steps(snn.T if T is None else T), Path(path)
    unknown = sorted({*options} - {*form.takes})
    if unknown:
        raise InputError(
            f"{to} has no option {unknown[0]!r}", expected=", ".join(sorted(form.takes)) or "none", got=unknown[0]
        )
    if form.fixed_T and (meant := snn.plan.settings.get("at_T", steps)) != steps:
        log.warning(f"{snn.plan.settings['method']} was set up for T = {meant}; convert again to run T = {steps}")
    chosen = Options(T=steps, **options)
    if check is not None:
        form.runtime_version()  # it is there, or nothing is written
    snn = form.meant(snn, chosen)
    refuse(to, form.refusals(snn, chosen))
    if form.folder:
        make_folder(target)
    elif target.suffix != form.suffix:
        raise InputError(f"files of {to} end in {form.suffix}", got=target.name, remedy=f"{target.stem}{form.suffix}")
    for file in form.files(target):
        check_output(file, overwrite)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as all_or_none:
        temporary = Path(folder) / (target.name or to)
        if form.folder:
            temporary.mkdir()
        notes = form.write(snn, temporary, chosen)
        for made, final in zip(form.files(temporary), form.files(target), strict=True):
            write_bytes(all_or_none.enter_context(atomic_output(final, overwrite=overwrite)), made.read_bytes())
    return None if check is None else compared(snn, form, to, target, steps, None if check is True else check,
                                               samples, seed, notes)  # fmt: skip


def make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("cannot make the output folder", got=error.strerror, where=str(path)) from error


def refuse(to: str, found: list[Refusal]) -> None:
    """All reasons at once."""
    if not found:
        return
    ways = list(dict.fromkeys(refusal.instead for refusal in found))
    raise UnsupportedModelError(
        f"this network has no form in {to}: {len(found)} place{'s' * (len(found) > 1)}",
        got="\n    ".join(f"{refusal.where}: {refusal.why}" for refusal in found),
        remedy=" or ".join(ways),
    )


def compared(
    snn: SpikingNetwork, form: Format, to: str, path: Path, T: int, data: Iterable[Any] | None, samples: int,
    seed: int, notes: dict[str, str],
) -> Export:  # fmt: skip
    """Run both on the same samples."""
    inputs = inputs_of(snn.ann, data, None, samples, seed)
    ours = snn.run(as_call(snn.network, inputs.leaves), T)
    wanted = [leaf.cpu().float() for leaf in pytree.tree_leaves(ours.logits) if isinstance(leaf, Tensor)]
    ran = form.run(path, [leaf.detach().cpu() for leaf in inputs.leaves], T)
    return Export(
        to=to,
        sha256={file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in form.files(path)},
        runtime=form.runtime_version(),
        T=T,
        samples=inputs.samples,
        data=inputs.name,
        errors=[max(error(a[t], b[t]) for a, b in zip(ran.means, wanted, strict=True)) for t in range(T)],
        largest=max(largest(a, b) for a, b in zip(ran.means, wanted, strict=True)),
        whole=snn.is_whole,
        silent=not any(bool(leaf.any()) for leaf in wanted),
        spikes=sums(ours.spikes),
        ran=ran.spikes,
        **operations(snn, inputs.leaves, T, ran),
        accuracy=accuracies(inputs, {"ann": ann_of(snn, inputs), "snn": wanted[0][-1], "exported": ran.means[0][-1]}),
        notes=notes,
        settings=dict(snn.plan.settings),
        provenance=provenance(seed),
    )


def ann_of(snn: SpikingNetwork, inputs: Inputs) -> Tensor:
    with torch.no_grad():
        return pytree.tree_leaves(snn.ann(*as_call(snn.ann, inputs.leaves)))[0].cpu()


def accuracies(inputs: Inputs, outputs: Mapping[str, Tensor]) -> dict[str, float]:
    """The share of samples whose largest output is at the label's place; of outputs that are classes."""
    labels = inputs.labels
    if labels is None or labels.dim() != 1 or labels.is_floating_point():
        return {}
    if any(output.dim() != 2 for output in outputs.values()):
        return {}
    return {name: float((output.argmax(1) == labels.cpu()).double().mean()) for name, output in outputs.items()}


def operations(snn: SpikingNetwork, leaves: tuple[Tensor, ...], T: int, ran: Ran) -> dict[str, int]:
    """Synaptic operations, where the exported file counts them."""
    if ran.synops is None:
        return {}
    from ..cost.synops import SynapticOperations

    counter = SynapticOperations(snn)
    with counter:
        snn.run(as_call(snn.network, leaves), T, count=False)
    total = sum(int(steps.sum()) for steps in counter.counts.operations.values())
    return {"synops": total, "ran_synops": ran.synops}


def error(found: Tensor, wanted: Tensor) -> float:
    """‖found − wanted‖/‖wanted‖."""
    difference, scale = torch.linalg.vector_norm(found.double() - wanted.double()), wanted.double().norm()
    return float(difference / scale) if float(scale) else float(difference)


def largest(found: Tensor, wanted: Tensor) -> float:
    return float((found.double() - wanted.double()).abs().max())
