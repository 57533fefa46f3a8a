"""The pre-flight report: every activation, pooling, norm and merge site, what becomes of it, and what to do if not."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, Literal

from torch import fx, nn

from ..errors import UnsupportedModelError
from .activations import shown
from .operations import is_affine, is_random, name_of
from .passes.sites import MAX_POOL_MODULES, activation_sites
from .timing import batch_dims, batch_symbols, varies_in_time

Verdict = Literal["exact", "approximate", "unsupported"]
ACTIVATION_NAMES = {
    "silu", "gelu", "hardswish", "hardsigmoid", "sigmoid", "tanh", "mish", "softplus", "elu", "selu", "celu",
    "leaky_relu", "prelu", "rrelu", "softmax", "log_softmax", "hardtanh", "clamp", "glu", "log_sigmoid", "softsign",
}  # fmt: skip
NORM_NAMES = {"layer_norm", "group_norm", "instance_norm", "rms_norm", "native_layer_norm", "native_group_norm"}
MERGES = {"add", "cat", "concat", "sub", "stack"}


@dataclass(frozen=True)
class Entry:
    """One site: what it is, what becomes of it, where it stands in the user's source, and the remedy."""

    site: str
    kind: Literal["activation", "pooling", "norm", "merge", "operation"]
    operation: str
    verdict: Verdict
    detail: str
    source: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Report:
    """The pre-flight of one network."""

    entries: list[Entry]

    @property
    def activations(self) -> tuple[int, int]:
        """(converted, all) activation sites."""
        sites = [entry for entry in self.entries if entry.kind == "activation"]
        return sum(entry.verdict != "unsupported" for entry in sites), len(sites)

    @property
    def unsupported(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.verdict == "unsupported"]

    def to_dict(self) -> dict[str, Any]:
        converted, total = self.activations
        return {"activations": total, "converted": converted, "sites": [asdict(entry) for entry in self.entries]}

    def require_supported(self) -> None:
        """Raise with every unsupported site at once.

        Raises:
            UnsupportedModelError: some operation between neurons has no spiking form.
        """
        if not self.unsupported:
            return
        lines = [
            f"  {entry.site} ({entry.operation}): {entry.detail}"
            + (f"\n    where: {entry.source}" if entry.source else "")
            + (f"\n    remedy: {entry.remedy}" if entry.remedy else "")
            for entry in self.unsupported
        ]
        raise UnsupportedModelError(
            f"{len(lines)} operation{'s' if len(lines) > 1 else ''} between neurons cannot be converted:\n"
            + "\n".join(lines)
        )


def preflight(
    canonical: fx.GraphModule, analog: Collection[str] = (), folded: Collection[str] = (), max_rate: float = 1.0
) -> Report:
    """Judge every site of a canonical network. Changes nothing.

    Args:
        analog: activation sites that stay analog (`keep`).
        folded: names of BatchNorm layers that were folded.
        max_rate: αβ, the largest rate of a neuron in units of λ: it clips there.
    """
    sites = activation_sites(canonical)
    neurons = {node for name, node in sites.items() if name not in analog}
    varying = varies_in_time(canonical.graph, neurons.__contains__)
    symbols = batch_symbols(canonical.graph)
    entries = [Entry(name, "norm", "BatchNorm", "exact", "folded into the layer before it") for name in folded]
    for node in canonical.graph.nodes:
        entry = judge(canonical, node, sites, neurons, varying, symbols, max_rate)
        if entry is not None:
            entries.append(entry)
    return Report(entries)


def judge(
    canonical: fx.GraphModule,
    node: fx.Node,
    sites: dict[str, fx.Node],
    neurons: set[fx.Node],
    varying: set[fx.Node],
    symbols: set[object],
    max_rate: float,
) -> Entry | None:
    """The entry of one node, or None where there is nothing to say about it."""
    if node.op not in {"call_function", "call_module"}:
        return None
    module = canonical.get_submodule(str(node.target)) if node.op == "call_module" else None
    place = source_line(node)
    if str(node.target) in sites and module is not None:
        return activation_entry(node, module, node in neurons, max_rate, place)
    if isinstance(module, MAX_POOL_MODULES):
        detail = "on running sums: the mean equals the max of the means" if node in varying else "computed once"
        return Entry(str(node.target), "pooling", type(module).__name__, "exact", detail, place)
    where = site_of(node)
    if node not in varying:
        return constant_entry(node, where, place, bool(neurons))
    if batch_dims(node, symbols) not in ([], [0]):
        detail = "moves the batch away from dimension 0, into which time is folded"
        return Entry(where, "operation", name_of(node), "unsupported", detail, place, "keep the batch in dimension 0")
    if is_affine(canonical, node, varying):
        return affine_entry(node, module, varying, where, place)
    return unsupported_entry(node, where, place)


def activation_entry(node: fx.Node, module: nn.Module, spikes: bool, max_rate: float, place: str) -> Entry:
    name, ceiling = str(node.target), module.ceiling
    operation = "ReLU" if ceiling is None else f"clip to {shown(ceiling)}"  # type: ignore[arg-type]
    if not spikes:
        return Entry(name, "activation", operation, "exact", "stays analog, on running sums", place)
    if ceiling is not None and max_rate > 1 + 1e-6:
        detail = "spiking; rates above the ceiling are possible"
        return Entry(name, "activation", operation, "approximate", detail, place, "choose alpha · beta ≤ 1")
    return Entry(name, "activation", operation, "exact", "spiking; error falls as 1/T below the threshold", place)


def constant_entry(node: fx.Node, where: str, place: str, spikes: bool) -> Entry | None:
    """An activation before the first neuron is computed once; where there is no neuron at all, nothing can spike."""
    if name_of(node) not in ACTIVATION_NAMES:
        return None
    if not spikes:
        return unsupported_entry(node, where, place)
    return Entry(where, "operation", name_of(node), "exact", "before the first neuron: computed once, analog", place)


def affine_entry(
    node: fx.Node, module: nn.Module | None, varying: set[fx.Node], where: str, place: str
) -> Entry | None:
    name = name_of(node)
    if isinstance(module, nn.modules.batchnorm._BatchNorm) or "batch_norm" in name:
        return Entry(where, "norm", "BatchNorm", "exact", "no layer right before it: stays, affine per channel", place)
    if (isinstance(module, nn.Module) and "Pool" in type(module).__name__) or "avg_pool" in name:
        return Entry(where, "pooling", type(module).__name__ if module else name, "exact", "linear", place)
    if name in MERGES and sum(source in varying for source in node.all_input_nodes) > 1:
        return Entry(where, "merge", name, "exact", "linear", place)
    return None


def unsupported_entry(node: fx.Node, where: str, place: str) -> Entry:
    name = name_of(node)
    if name in ACTIVATION_NAMES:
        remedy = "replace it by a ReLU or a clip(x, 0, c) and fine-tune"
        return Entry(
            where, "activation", name, "unsupported", "an activation other than the ReLU family", place, remedy
        )
    if name in NORM_NAMES:
        remedy = "use BatchNorm"
        return Entry(
            where, "norm", name, "unsupported", "statistics of the running input are not linear", place, remedy
        )
    if is_random(node):
        remedy = "export the network in eval mode"
        return Entry(where, "operation", name, "unsupported", "draws random numbers at inference", place, remedy)
    detail = "not affine in values that vary in time"
    return Entry(
        where, "operation", name, "unsupported", detail, place, "move it before the first or after the last layer"
    )


def site_of(node: fx.Node) -> str:
    """Where a call stands in the source model: its module's path."""
    if node.op == "call_module":
        return str(node.target)
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    inside = stack[-1][0] if stack else ""
    return f"{inside}.{name_of(node)}" if inside else name_of(node)


def source_line(node: fx.Node) -> str:
    """`file.py:12: y = torch.sigmoid(x)`, the innermost line outside torch's own modules."""
    trace = node.meta.get("stack_trace") or ""
    frames = re.findall(r'File "([^"]+)", line (\d+), in [^\n]*\n\s*([^\n]*)', trace)
    own = [frame for frame in frames if "/torch/" not in frame[0].replace("\\", "/")]
    if not own:
        return ""
    path, line, code = own[-1]
    return f"{path}:{line}: {code}"
