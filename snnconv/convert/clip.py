"""`clip`: from a trained network to the same network with a learnable clip in the place of every ReLU."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram

from ..calib import Rule, parse_rule
from ..calib.calibrate import collect, thresholds
from ..capture.examples import InputShape, examples_of
from ..capture.raise_modules import raise_modules
from ..capture.source import source_of
from ..capture.tensors import container_at
from ..errors import InputError
from ..graph.activations import LearnedClip
from ..graph.graphs import clone, put_module
from ..graph.sites import activation_sites, channels_in, clip_sites, name_sites, stack_with
from ..learnable import CLIPS, Clip
from .api import check_maxpool
from .calibration import calibration_batches
from .canonical import MaxPool
from .data_argument import takes_data
from .opening import captured
from .passes.maxpool import average_maxpools

log = logging.getLogger("snnconv")
START = "learned else percentile:99.9"

Init = str | float | Mapping[str, float] | Rule


@takes_data("data")
def clip(
    model: nn.Module | ExportedProgram,
    *,
    data: Iterable[Any] | None = None,
    input_shape: InputShape | None = None,
    activation: str = "clip",
    maxpool: MaxPool = "avg",
    init: Init = START,
    per_channel: bool = False,
    levels: int | None = None,
    alpha: float | None = None,
    beta: int | None = None,
    T: int | None = None,
    seed: int = 0,
) -> fx.GraphModule:
    """Put a learnable clip(x, 0, λ) in the place of every ReLU: the network that fine-tuning starts from.

    Activations other than the ReLU family stay as they are.

    The result is an ordinary module: it has the model's own state_dict keys and one λ more for every activation site,
    and trains in any loop; `snnconv.convert` takes the learned λ as thresholds. The model is not changed.

    Args:
        model: a module that torch.export can take, or an exported program; one with clips already gets new ones that
            start at the λ it has learned.
        data: calibration batches for λ, as for `convert`; synthetic without it.
        input_shape: of one sample, where neither data nor model tells it.
        activation: "clip" (Eq. 7), "qcfs", "rnl" or "sd" (the neuron's own levels).
        maxpool: "avg" puts average pooling in the place of max pooling, as published; "exact" keeps it.
        init: λ at the start: a threshold rule as "percentile:99.9", one number for all sites (8 in QCFS), or
            {site: number} for some, the others by percentile.
        per_channel: one λ per channel rather than per layer.
        levels: of qcfs, 4 by default. alpha, beta, T: of sd, 0.2, 5 and 4 by default.
        seed: of synthetic calibration data.

    Returns:
        The network on the device of the model, in train mode.

    Raises:
        InputError: an option out of range, a site that is none, no ReLU in the network, data that cannot be used.
        UnsupportedModelError: torch.export cannot take the model.

    Source: You et al., IEEE TCDS 2024, Eq. 7.
    """
    kind = CLIPS[activation]
    options = options_of(activation, {"levels": levels, "alpha": alpha, "beta": beta, "T": T})
    kind(1.0, **options)  # the activation checks its own options
    check_maxpool(maxpool)
    rule, given = starts(init)

    model = source_of(model)
    examples = examples_of(model, data, input_shape)
    program, sizes = captured(model, examples)
    raised = raise_modules(program, model if isinstance(model, nn.Module) else None)
    everything = tensors_of(raised)
    network = name_sites(raised)
    if maxpool == "avg":
        network = average_maxpools(network)
    sites = clip_sites(network)
    if not sites:
        raise InputError("there is nothing to clip", expected="a ReLU", got=f"no ReLU, but {others(network)}")
    check_sites(given, sites)
    batches, notices = calibration_batches(clone(network) if examples.batches is None else network, examples, seed)
    histograms = collect(network, batches, "channel" if per_channel else "layer")
    wanted = {name: histograms[name] for name in sites if name not in given}
    values = thresholds(network, wanted, rule, T=1, levels=1, scale=1.0)
    values.update({name: torch.tensor(float(value)) for name, value in given.items()})
    for name, node in sites.items():
        maximum = histograms[name].maximum
        rows = len(maximum) if per_channel else 1
        start, highest = (shaped(value, channels_in(network, node), rows) for value in (values[name], maximum))
        put_clip(network, node, kind.fitted(start, highest, **options).to(maximum.device))
    keep_unused(network, everything)
    network.meta["input_shapes"] = examples.shapes
    network.meta["sizes"] = sizes
    network.meta["normalization"] = examples.normalization
    for notice in notices:
        log.warning(notice)
    return network.train()


def others(network: fx.GraphModule) -> str:
    """`silu ×2, sigmoid ×1`: the activations that are not ReLU, or `no activation`."""
    sites = [network.get_submodule(name) for name in activation_sites(network)]
    found = Counter(str(site.name) for site in sites if site.tracked)
    return ", ".join(f"{name} ×{count}" for name, count in found.items()) or "no activation"


def options_of(activation: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those given, if the activation has them.

    Raises:
        InputError: it has not.
    """
    own = CLIPS[activation].OPTIONS
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name not in own:
            raise InputError(f"activation {activation!r} has no option {name}", expected=", ".join(own) or "no options")
    return given


def starts(init: Init) -> tuple[Rule, Mapping[str, float]]:
    """The rule for λ, and the sites whose λ is given.

    Raises:
        InputError: a number that is not above 0, or an unknown rule.
    """
    if isinstance(init, str) or callable(init):
        return parse_rule(init), {}
    if isinstance(init, Mapping):
        for name, value in init.items():
            require_start(value, f"site {name}")
        return parse_rule(START), init
    value = require_start(init, "init")
    return (lambda _: torch.tensor([value])), {}


def require_start(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise InputError("invalid initial λ", expected="a number above 0", got=repr(value), where=where)
    return float(value)


def check_sites(given: Mapping[str, float], sites: Mapping[str, fx.Node]) -> None:
    for name in given:
        if name not in sites:
            shown = ", ".join(list(sites)[:8])
            raise InputError(f"init names a site that is not there: {name}", expected=f"one of {shown} …")


def shaped(value: Tensor, channels: tuple[int, ...], rows: int) -> Tensor:
    """λ as the site's activation takes it: [] for one row, else broadcast against one sample as `channels_in` says."""
    if rows == 1:
        return value.max()  # of one per channel, learned before: nothing is cut off
    return value.reshape(-1).expand(rows).reshape(channels).clone()


def put_clip(network: fx.GraphModule, node: fx.Node, module: Clip) -> None:
    """Let the site at `node` be `module`; captured again, it is the site of a learned λ."""
    put_module(network, str(node.target), module)
    node.meta["nn_module_stack"] = stack_with(node, str(node.target), LearnedClip())


def tensors_of(network: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer of the state_dict, by where it lives."""
    tensors: dict[str, Tensor] = dict(network.named_parameters(remove_duplicate=False))
    for path, module in network.named_modules(remove_duplicate=False):
        kept = (name for name in module._buffers if name not in module._non_persistent_buffers_set)
        tensors.update({f"{path}.{name}" if path else name: module.get_buffer(name) for name in kept})
    return tensors


def keep_unused(network: fx.GraphModule, tensors: Mapping[str, Tensor]) -> None:
    """What no operation reads (auxiliary heads for training alone) stays in the state_dict, which the source then takes
    back, and gets no gradient, for which several processes would wait."""
    present = tensors_of(network)
    for full_name, tensor in tensors.items():
        if full_name not in present:
            path, _, name = full_name.rpartition(".")
            owner = container_at(network, path)
            if isinstance(tensor, nn.Parameter):
                owner.register_parameter(name, tensor)
            else:
                owner.register_buffer(name, tensor)
    read: set[int] = set()
    for node in network.graph.nodes:
        if node.op == "call_module":
            read.update(id(p) for p in network.get_submodule(str(node.target)).parameters())
        elif node.op == "get_attr":
            owner, _, name = str(node.target).rpartition(".")
            read.add(id(getattr(network.get_submodule(owner), name)))
    for parameter in network.parameters():
        if id(parameter) not in read:
            parameter.requires_grad_(False)


def clips_of(network: nn.Module) -> dict[str, Clip]:
    """{site: clip} of a network that `clip` made, in execution order.

    Raises:
        InputError: there is none.
    """
    graph = getattr(network, "graph", None)
    found: dict[str, Clip] = {}
    for node in graph.nodes if isinstance(network, fx.GraphModule) and graph is not None else ():
        if node.op == "call_module" and isinstance(module := network.get_submodule(str(node.target)), Clip):
            found[str(node.target)] = module
    if not found:
        raise InputError(
            "the network has no learnable clips",
            expected="what snnconv.clip returned",
            got=type(network).__name__,
            remedy="clipped = snnconv.clip(model, data=…)",
        )
    return found
