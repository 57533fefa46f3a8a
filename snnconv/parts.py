"""Models of which parts spike: the rest stays as it is, Python and all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor, nn
from torch.utils import _pytree as pytree

from .errors import InputError
from .network import Run, SpikingNetwork


class FlatCall(nn.Module):
    """A module called with the tensors of its arguments alone, in their order; everything else in them is fixed.

    Args:
        spec: of the arguments `(args, kwargs)`. others: {place among the leaves: what is no tensor}.
    """

    def __init__(self, module: nn.Module, spec: Any, others: dict[int, Any]) -> None:
        super().__init__()
        self.module, self.spec, self.others = module, spec, others

    def forward(self, *tensors: Tensor) -> Any:
        given = iter(tensors)
        leaves = [self.others[n] if n in self.others else next(given) for n in range(self.spec.num_leaves)]
        args, kwargs = pytree.tree_unflatten(leaves, self.spec)
        return self.module(*args, **kwargs)


class SpikingPart(nn.Module):
    """A converted part in the place of the module that it was: same arguments, and its mean output over T steps.

    Attributes:
        snn: the part. last: the run of the last call, without its outputs and state; None before the first.
    """

    def __init__(self, snn: SpikingNetwork, spec: Any, others: dict[int, Any]) -> None:
        super().__init__()
        self.snn, self.spec, self.others = snn, spec, others
        self.last: Run | None = None

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        tensors, spec, others = taken_apart(args, kwargs)
        if spec != self.spec or others != self.others:
            raise InputError(
                "the part is called otherwise than it was when it was converted", expected=str(self.spec), got=str(spec)
            )
        run = self.snn.run(tuple(tensors), keep_state=False)
        self.last = replace(run, logits=None)
        return pytree.tree_map_only(Tensor, lambda leaf: leaf[-1], run.logits)


def taken_apart(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Tensor], Any, dict[int, Any]]:
    """The tensors of a call, its structure, and what else is in it."""
    leaves, spec = pytree.tree_flatten((args, kwargs))
    tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
    return tensors, spec, {n: leaf for n, leaf in enumerate(leaves) if not isinstance(leaf, Tensor)}


def spiking_parts(model: nn.Module) -> dict[str, SpikingPart]:
    """{name: part} of a model that `convert(model, part=…)` gave; `part.last` is its last run, `part.snn` the network.

    `with snnconv.cost.synops.SynapticOperations(part.snn) as counter: model(x)` counts its synaptic operations.
    """
    return {name: module for name, module in model.named_modules() if isinstance(module, SpikingPart)}
