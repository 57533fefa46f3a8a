"""One time step as a plain module: `(x, *state) -> (output, *state)`, with nothing hidden, for whatever runs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from ..errors import InputError
from ..neurons import Neuron, Temporal
from ..neurons.kernels.dispatch import Parts
from ..neurons.temporal import Timed, added
from .engine import States
from .split import TimeProgram


class Begin(fx.Interpreter):
    """Runs the first step of a body and keeps the state that every module with one begins from.

    A state whose shape grows in the first step, as a scalar 0 that stands for a map, begins in its later shape.
    """

    def __init__(self, body: fx.GraphModule) -> None:
        super().__init__(body, garbage_collect_values=True)
        self.states: States = {}

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        module = self.fetch_attr(target)
        if not isinstance(module, Temporal):
            return super().call_module(target, args, kwargs)
        x, _, steps, varies, *_ = args
        state = begun(module, x, steps, varies)
        output, after = module(x, pytree.tree_map_only(Tensor, torch.clone, state), steps, varies, True)
        self.states[target] = pytree.tree_map(like, state, after)
        return output, after


def begun(module: Temporal, x: Any, steps: int, varies: Any) -> Any:
    """The state before the first step of inputs as the body hands them over."""
    if isinstance(x, Parts):
        x, varies = added(x, steps)
    if isinstance(x, tuple):
        parts = [p.unflatten(0, (steps, -1)) if v else p for p, v in zip(x, varies, strict=True)]
        return cast(Any, module).begin(parts, varies)
    inputs = x.unflatten(0, (steps, -1)) if varies else x.expand(steps, *x.shape)
    state = module.begin(inputs)
    timed = isinstance(module, Neuron) and module.is_timed(x)
    return Timed(state, torch.zeros((), dtype=torch.int64, device=x.device)) if timed else state


def like(first: Any, later: Any) -> Any:
    if not isinstance(first, Tensor) or first.shape == later.shape:
        return first
    return first.expand(later.shape).clone()


class StepModule(nn.Module):
    """One time step of a spiking network: `(*inputs, *state) -> (*outputs, *state)`, all of them tensors.

        state = step.initial_state(x)
        for t in range(T):
            output, *state = step(x, *state)    # the mean of the outputs is what `snn(x)` gives

    The network's constant part is computed anew at every step. Weights are shared with the network.

    Attributes:
        inputs: how many tensors of `forward` are inputs. names: of the state's tensors, `site.part`.

    Raises:
        InputError: a neuron that has to see several steps before it can send the first, with its site.
    """

    def __init__(self, program: TimeProgram, example: Sequence[Tensor]) -> None:
        super().__init__()
        self.prefix, self.body = cast(nn.Module, program.prefix), cast(fx.GraphModule, program.body)
        self.inputs = len(example)
        late = [name for name, module in self.body.named_modules() if getattr(module, "opening", 0) > 1]
        if late:
            raise InputError(
                "this network cannot be run one step at a time from the first on",
                got=f"{type(self.body.get_submodule(late[0])).__name__} at {', '.join(late)}: they see several steps "
                "before they send the first spike",
                remedy="export all T steps in one graph",
            )  # fmt: skip
        states = self.begin(example)
        self.names = [name for site, state in states.items() for name in names_in(state, site)]
        self.parts = {site: Part.of(state) for site, state in states.items()}

    def begin(self, inputs: Sequence[Tensor]) -> States:
        start = Begin(self.body)
        start.run({}, 1, True, *self.prefix(*inputs))
        return start.states

    def initial_state(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The state before the first step, for inputs of this batch."""
        return self.tensors_of(self.begin(inputs))

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """One step: inputs [B, …] and the state's tensors → outputs [B, …] and the next state's tensors."""
        inputs, held = tensors[: self.inputs], iter([leaf.clone() for leaf in tensors[self.inputs :]])
        states = {site: part.state(held) for site, part in self.parts.items()}
        outputs, after = self.body(states, 1, True, *self.prefix(*inputs))
        return (*outputs, *self.tensors_of(after))

    def tensors_of(self, states: States) -> tuple[Tensor, ...]:
        leaves = [leaf for site in self.parts for leaf in pytree.tree_leaves(states[site])]
        return tuple(leaf for leaf in leaves if isinstance(leaf, Tensor))


class Part(NamedTuple):
    """How one site's state is made of tensors; the rest of it is None."""

    spec: pytree.TreeSpec
    tensors: tuple[bool, ...]

    @classmethod
    def of(cls, state: Any) -> Part:
        leaves, spec = pytree.tree_flatten(state)
        return cls(spec, tuple(isinstance(leaf, Tensor) for leaf in leaves))

    def state(self, held: Iterator[Tensor]) -> Any:
        return pytree.tree_unflatten([next(held) if is_tensor else None for is_tensor in self.tensors], self.spec)


def names_in(state: Any, name: str) -> list[str]:
    """`site.v`, `site.totals.0`, … in the order of the tensors."""
    if isinstance(state, Tensor):
        return [name]
    if not isinstance(state, tuple):
        return []
    fields = getattr(state, "_fields", range(len(state)))
    return [found for field, part in zip(fields, state, strict=True) for found in names_in(part, f"{name}.{field}")]
