"""The pre-flight report: every activation, pooling, norm and merge site, what becomes of it, and what to do if not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from torch import fx, nn

from ..errors import UnsupportedModelError
from ..graph.analog import WHY, Operator, operator_at
from ..graph.batch_layout import Layout, layouts
from ..graph.names import name_of
from ..graph.op import Analog, analog_kind
from ..graph.operations import is_affine, is_random, uses_batch_statistics
from ..graph.places import site_of, source_line
from ..graph.sites import MAX_POOL_MODULES, activation_sites
from ..graph.time_varying import varies_in_time
from ..sizes import Sizes
from .unsupported import unsupported_entry
from .verdicts import Entry, Standing, activation_entry

KINDS: dict[Analog, Literal["norm", "operation"]] = {"norm": "norm"}  # of analog operators; all others are operations
SHOWN = 3  # sites in a notice
MERGES = {"add", "cat", "concat", "sub", "stack"}
BATCH_FIRST = "moves the batch away from dimension 0, into which time is folded"


@dataclass(frozen=True)
class Report:
    """The pre-flight of one network.

    Attributes:
        sizes: which sizes of its inputs the network takes.
    """

    entries: list[Entry]
    sizes: Sizes | None = None

    @property
    def activations(self) -> tuple[int, int]:
        """(converted, all) activation sites."""
        sites = [entry for entry in self.entries if entry.kind == "activation"]
        return sum(entry.verdict != "unsupported" for entry in sites), len(sites)

    @property
    def analog(self) -> list[Entry]:
        """Operators by nature analog: normalisation, softmax, products of values that both vary."""
        return [entry for entry in self.entries if entry.verdict == "analog"]

    @property
    def unsupported(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.verdict == "unsupported"]

    @property
    def notices(self) -> list[str]:
        """What converts approximately, one line for each reason: its error need not fall with time."""
        sites: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry.verdict == "approximate":
                sites.setdefault(entry.detail + (f"; remedy: {entry.remedy}" if entry.remedy else ""), []).append(
                    entry.site
                )
        return [
            f"{len(names)} of {self.activations[1]} sites are approximate: {', '.join(names[:SHOWN])}"
            f"{', …' if len(names) > SHOWN else ''}: {why}"
            for why, names in sites.items()
        ]

    def to_dict(self) -> dict[str, Any]:
        converted, total = self.activations
        sites = [asdict(entry) for entry in self.entries]
        sizes = {} if self.sizes is None else {"sizes": self.sizes.to_dict()}
        return {"activations": total, "converted": converted, **sizes, "sites": sites}

    def require_supported(self) -> None:
        """Raise with every unsupported site at once.

        Raises:
            UnsupportedModelError: some operation between neurons has no spiking form.
        """
        if not self.unsupported:
            return
        lines = dict.fromkeys(
            f"  {entry.site} ({entry.operation}): {entry.detail}"
            + (f"\n    where: {entry.source}" if entry.source else "")
            + (f"\n    remedy: {entry.remedy}" if entry.remedy else "")
            for entry in self.unsupported
        )  # a loop calls the same line again and again
        raise UnsupportedModelError(
            f"{len(lines)} operation{'s' if len(lines) > 1 else ''} between neurons cannot be converted:\n"
            + "\n".join(lines)
        )


def preflight(
    canonical: fx.GraphModule,
    analog: Collection[str] = (),
    folded: Collection[str] = (),
    standing: Mapping[str, Standing] | None = None,
    method: str = "",
) -> Report:
    """Judge every site of a canonical network. Changes nothing.

    Args:
        analog: activation sites that stay analog (`keep`).
        folded: names of BatchNorm layers that were folded.
        standing: what stands at a clip or a quantised activation if it is not a neuron that integrates and keeps to
            the end of a clip: one that sends the ANN's own levels, one that tracks the activation, or one that sends
            beyond its end.
        method: that is asked for, for notices.
    """
    sites = activation_sites(canonical)
    neurons = {node for name, node in sites.items() if name not in analog}
    varying = varies_in_time(canonical.graph, neurons.__contains__)
    judge = Judge(canonical, sites, neurons, varying, layouts(canonical.graph), standing or {}, method)
    entries = [Entry(name, "norm", "BatchNorm", "exact", "folded into the layer before it") for name in folded]
    entries += [entry for node in canonical.graph.nodes if (entry := judge.entry(node)) is not None]
    return Report(entries)


@dataclass(frozen=True)
class Judge:
    """What has to be known of a network to judge its nodes."""

    canonical: fx.GraphModule
    sites: dict[str, fx.Node]
    neurons: set[fx.Node]
    varying: set[fx.Node]
    layouts: dict[fx.Node, Layout | None]
    standing: Mapping[str, Standing]
    method: str = ""

    def entry(self, node: fx.Node) -> Entry | None:
        """The entry of one node, or None where there is nothing to say about it."""
        if node.op not in {"call_function", "call_module"}:
            return None
        module = self.canonical.get_submodule(str(node.target)) if node.op == "call_module" else None
        place, where = source_line(node), site_of(node)
        if (is_random(node) and not self.is_drawn_for_refused(node)) or (
            uses_batch_statistics(node) and node in self.layouts
        ):
            return unsupported_entry(node, where, place)
        is_site = module is not None and str(node.target) in self.sites
        is_pool = isinstance(module, MAX_POOL_MODULES)
        if node in self.varying and not self.is_foldable(node, has_state=is_site or is_pool):
            return Entry(where, "operation", name_of(node), "unsupported", BATCH_FIRST, place, "keep the batch first")
        if is_site and module is not None:
            spikes, stands = node in self.neurons, self.standing.get(str(node.target))
            return activation_entry(node, module, spikes, stands, place, self.method)
        if is_pool:
            detail = (
                "on running sums: the mean equals the max of the means" if node in self.varying else "computed once"
            )
            return Entry(where, "pooling", type(module).__name__, "exact", detail, place)
        if node not in self.varying:
            return constant_entry(node, where, place, bool(self.neurons), node in self.layouts)
        if is_affine(self.canonical, node, self.varying):
            return affine_entry(node, module, self.varying, where, place)
        operator = operator_at(node, self.varying)
        if operator is None:
            return unsupported_entry(node, where, place)
        states = [
            *(value for value, _ in operator.outputs),
            *(source for source in operator.inputs if source in self.varying),
        ]
        if all(self.is_foldable(state, has_state=True) for state in states):
            return analog_entry(operator, where, place)
        return Entry(where, "operation", operator.name, "unsupported", BATCH_FIRST, place, "keep the batch first")

    def is_drawn_for_refused(self, node: fx.Node) -> bool:
        """Whether only operations read it that are refused themselves, as a pooling at random positions."""
        return node not in self.varying and all(
            user in self.varying
            and not is_affine(self.canonical, user, self.varying)
            and operator_at(user, self.varying) is None
            for user in node.users
        )

    def is_foldable(self, node: fx.Node, has_state: bool) -> bool:
        """Whether time can be folded into the batch here: where there is a state, time has to come first."""
        layout = self.layouts.get(node, Layout(0, 1))
        if has_state:
            return layout is not None and layout.is_first
        repeated = [self.layouts[s] for s in node.all_input_nodes if s in self.layouts and s not in self.varying]
        return layout is not None and all(source is not None and source.outer == 1 for source in repeated)


def constant_entry(node: fx.Node, where: str, place: str, spikes: bool, per_sample: bool) -> Entry | None:
    """A norm or softmax before the first neuron is computed once; where there is no neuron at all, nothing spikes."""
    kind = analog_kind(name_of(node))
    if kind not in ("norm", "softmax", "attention") or not per_sample:
        return None
    if not spikes:
        return unsupported_entry(node, where, place)
    detail = "before the first neuron: computed once, analog"
    return Entry(where, KINDS.get(kind, "operation"), name_of(node), "exact", detail, place)


def analog_entry(operator: Operator, where: str, place: str) -> Entry:
    detail = f"on running means, {WHY[operator.kind]}"
    kind = KINDS.get(operator.kind, "operation")
    return Entry(where, kind, operator.name, "analog", detail, place, macs=operator.macs)


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
