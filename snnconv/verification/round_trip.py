"""Whether the saved network is the same network."""

from __future__ import annotations

import io
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from ..errors import SnnconvError
from ..io.snn_file import load_network, save_network
from ..network import SpikingNetwork, placed_like
from .result import Check

STEPS = 4  # run by both: enough for every weight, threshold and state to matter
EXPECTED = "saved and loaded again, the same plan and the same outputs bit for bit"


def round_trip_check(snn: SpikingNetwork, arguments: tuple[Any, ...]) -> Check:
    """Save to a file in memory, load it, and run both."""
    try:
        loaded = reloaded(snn)
    except SnnconvError as error:
        return Check("round trip", False, EXPECTED, str(error).splitlines()[0])
    plan = snn.plan.to_texts() == loaded.plan.to_texts()
    steps = snn.plan.settings.get("at_T", STEPS)
    one, other = (network.run(arguments, steps, count=False, keep_state=False).logits for network in (snn, loaded))
    with torch.no_grad():
        anns = [network.ann(*arguments) for network in (snn, loaded)]
    parts = {"plan": plan, "spiking outputs": same_bits(one, other), "outputs of the ANN": same_bits(*anns)}
    different = [name for name, same in parts.items() if not same]
    got = f"another {', another '.join(different)}" if different else f"the same, over {steps} time steps"
    return Check("round trip", not different, EXPECTED, got)


def reloaded(snn: SpikingNetwork) -> SpikingNetwork:
    """What its file gives, on its device and in its precision."""
    file = io.BytesIO()
    save_network(snn, file)
    file.seek(0)
    loaded = load_network(file)
    loaded.chunk = snn.chunk
    return placed_like(loaded, snn.network)


def same_bits(one: Any, other: Any) -> bool:
    """Whether two trees of tensors are equal, NaN at the same places included."""
    pairs = list(zip(pytree.tree_leaves(one), pytree.tree_leaves(other), strict=True))
    return all(torch.equal(bits(a), bits(b)) if isinstance(a, Tensor) else a == b for a, b in pairs)


def bits(value: Tensor) -> Tensor:
    return value.contiguous().view(torch.uint8) if value.dim() else value
