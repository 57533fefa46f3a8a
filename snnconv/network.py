"""The converted network: an ordinary nn.Module that runs T time steps at every call."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from typing import Any, TypeVar

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from .data.batches import require_finite
from .errors import InputError
from .graph.lookups import lookups_in
from .graph.whole_inputs import blank_inputs, require_rows
from .modes import ordinary_mode
from .neurons import Neuron, WholeLayer
from .neurons.kernels.layout import CHANNELS_LAST
from .placement import placement_of
from .plan import Plan
from .simulate.engine import Chunk, States, after, mean_over_time, running_means, simulate
from .simulate.memory import fitting_chunk, largest_layer
from .simulate.observers import Observer, SpikeCounter, observing
from .simulate.split import TimeProgram
from .simulate.step_module import StepModule
from .sizes import ANOTHER
from .steps import checked_steps

M = TypeVar("M", bound=nn.Module)
log = logging.getLogger("snnconv")


@dataclass(frozen=True)
class Run:
    """One simulation.

    Attributes:
        logits: mean of the network's output over the first t steps, [T, B, …] (the output's own tree of such).
        spikes: {site: int64 [W + T]}, spikes fired in each step, over batch and neurons: a burst of k counts k, a
            binary-weighted one the 1 bits of k; empty where they were not counted (`count=False`).
        neurons: {site: neurons per sample}; empty likewise.
        state: {site: state} after the last step, for `run(…, state=)`.
        batch: samples in the batch.
        warm_up: W, steps simulated before the outputs of `logits` begin; their spikes count, and they are latency.
    """

    logits: Any
    spikes: dict[str, Tensor]
    neurons: dict[str, int]
    state: States
    batch: int
    warm_up: int = 0

    @property
    def spikes_per_neuron(self) -> Tensor:
        """Spikes per neuron and sample up to output step t, warm-up included, float64 [T], over all sites.

        Raises:
            InputError: the run did not count spikes.
        """
        if not self.spikes:
            raise InputError("this run counted no spikes", got="run(…, count=False)", remedy="leave count out")
        total = torch.stack(list(self.spikes.values())).sum(0).cumsum(0)[self.warm_up :]
        return total.double() / (self.batch * sum(self.neurons.values()))


class SpikingNetwork(nn.Module):
    """A spiking network made by `convert` or `load`.

    `snn(x)` is the mean output over `snn.T` steps, from a fresh state at every call; `snn.run(x)` gives the whole
    course. Time steps are simulated `chunk` at a time (None: as many as fit a memory budget); results do not depend
    on it, but for rounding where samples come one to three at a time (`simulate.engine` has the figures).

    Attributes:
        T: time steps of a call.
        chunk: time steps simulated at once, or None.
        network: the rewritten network under its original names.
        plan: what stands at each site, how it was calibrated and made.
        running: shapes of one sample of each input of the last call, or of the example.
    """

    def __init__(self, network: fx.GraphModule, program: TimeProgram, canonical: fx.GraphModule, plan: Plan) -> None:
        """`snnconv.convert.build.build` makes all four of a canonical network and a plan."""
        super().__init__()
        self.T = plan.T
        self.chunk: int | None = None
        self.plan = plan
        self.network = network
        # In a tuple, so that they are not submodules: one shares the network's modules, the other is the ANN.
        self._hidden = (program, canonical)
        self.running: list[tuple[int, ...]] = list(plan.input_shapes)
        self._largest: dict[tuple[tuple[int, ...], ...], int] = {}
        self.lookups = lookups_in(canonical.graph)

    @property
    def ann(self) -> fx.GraphModule:
        """The canonical ANN this network was made from (BatchNorm folded, same calling convention)."""
        canonical = self._hidden[1]
        return placed_like(canonical, self.network)

    @property
    def warm_up(self) -> int:
        """Steps that the method simulates before it reads the output: they count as latency, and their spikes too."""
        return int(self.plan.settings.get("warm_up", 0))

    @property
    def sites(self) -> dict[str, Neuron]:
        """{site name: neuron} in execution order."""
        modules = {name: self.network.get_submodule(name) for name in self.plan.sites}
        return {name: module for name, module in modules.items() if isinstance(module, Neuron)}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The mean over `T` time steps of the network's output, in the source model's own output structure."""
        inputs, _ = self._flat(args, kwargs)
        steps = self.warm_up + self.T
        with ordinary_mode(), torch.no_grad(), self._answering(inputs):
            means = mean_over_time(after(self.warm_up, self._simulate(inputs, steps)))
        return self._tree([self._like_network(mean) for mean in means])

    def _simulate(
        self, inputs: list[Any], steps: int, state: States | None = None, keep: bool = False
    ) -> Iterator[Chunk]:
        chunk = self._chunk(steps, inputs)
        return simulate(self._hidden[0], inputs, steps, chunk, state, keep=keep)

    @property
    def is_whole(self) -> bool:
        """Whether its weights, thresholds and potentials are whole numbers."""
        return bool(self.plan.settings.get("weight_bits"))

    def run(
        self,
        x: Any,
        T: int | None = None,
        observers: Sequence[Observer] = (),
        state: States | None = None,
        *,
        count: bool = True,
        keep_state: bool = True,
    ) -> Run:
        """Simulate and keep the course over time.

        Args:
            x: the input, as the model takes it; a tuple holds several positional inputs.
            T: time steps; default `self.T`.
            observers: called with every neuron's currents and spikes.
            state: a former run's `state`, to continue it.
            count: False leaves `Run.spikes` empty.
            keep_state: False leaves `Run.state` empty, and saves the memory that it would be written to.

        Raises:
            InputError: T < 1, or an input of another shape than the network was captured for.
        """
        T = checked_steps(self.T if T is None else T)
        if state is None and (meant := self.plan.settings.get("at_T", T)) != T:
            log.warning(f"{self.plan.settings['method']} was set up for T = {meant}; convert again to run T = {T}")
        inputs, batch = self._flat(x if isinstance(x, tuple) else (x,), {})
        sites = self.sites
        warm_up = self.warm_up if state is None else 0  # a continued run has had its own
        counter = SpikeCounter()
        counting = counter.watching(sites if count else {})
        with ordinary_mode(), torch.no_grad(), self._answering(inputs), counting, observing(sites, observers):
            chunks = self._simulate(inputs, warm_up + T, state, keep_state)
            means, state = running_means(after(warm_up, chunks))
        state = state if keep_state else {}
        return Run(self._tree(means), counter.spikes, counter.neurons, state, batch, warm_up)

    @property
    def backend(self) -> dict[str, str]:
        """{neuron site or layer of whole numbers: what it runs on, and why not on something faster}."""
        device = placement_of(self.network).device
        found = {name: neuron.backend(device) for name, neuron in self.sites.items()}
        layers = {name: layer for name, layer in self.network.named_modules() if isinstance(layer, WholeLayer)}
        return found | {name: layer.backend(device) for name, layer in layers.items()}

    def quantise(self, weight_bits: int = 8) -> SpikingNetwork:
        """This network in whole numbers, as `convert(…, weight_bits=8)` makes it: see `snnconv.convert.build`."""
        from .convert.build import quantised  # conversion imports this module

        return quantised(self, weight_bits)

    def step_module(self) -> StepModule:
        """One time step as a plain module: `(*inputs, *state) -> (*outputs, *state)`, `initial_state(*inputs)`."""
        example = blank_inputs(self.network.graph, self.plan.input_shapes, 2, placement_of(self))
        return StepModule(self._hidden[0], example).eval()

    def compile(self, **options: Any) -> None:
        """Compile what runs at every step with `torch.compile(**options)`, which needs a C++ compiler."""
        program, canonical = self._hidden
        self._hidden = (program.compiled(**options), canonical)

    def save(self, path: str | PathLike[str], *, overwrite: bool = True) -> None:
        """Write the canonical ANN and the spiking plan to one `.pt2` file, from which `snnconv.load` rebuilds this."""
        from .io.snn_file import save_network  # the file layer imports this module

        save_network(self, path, overwrite=overwrite)

    def train(self, mode: bool = True) -> SpikingNetwork:
        """The network stays in eval mode: batch statistics would mix samples and time steps."""
        super().train(mode)
        for child in self.children():
            child.train(False)
        return self

    def _flat(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[list[Any], int]:
        """Input leaves in the order of the graph's placeholders, checked, in the network's float type."""
        spec = self._convention.in_spec
        leaves, got = pytree.tree_flatten((args, dict(kwargs)))
        if len(leaves) != spec.num_leaves:
            raise InputError(
                "the input has another structure than the network takes",
                expected=f"{spec.num_leaves} tensor(s)",
                got=f"{len(leaves)}: {got}",
            )
        placeholders = [node for node in self.network.graph.nodes if node.op == "placeholder"]
        checked = [check_input(leaf, node) for leaf, node in zip(leaves, placeholders, strict=True)]
        for leaf in checked:
            if isinstance(leaf, Tensor) and leaf.dim():
                require_finite(leaf)
        require_rows(self.lookups, [leaf for leaf in checked if isinstance(leaf, Tensor)])
        batch = rows_of(checked)
        assert self.plan.sizes is not None
        self.running = shapes_of(checked)
        self.plan.sizes.check(self.running, batch)
        leaves = [self._like_network(leaf) for leaf in checked]
        # Convolutions round by the layout of memory, which says nothing about the input; and are fastest in this one.
        return [channels_last(leaf) if isinstance(leaf, Tensor) else leaf for leaf in leaves], batch

    @property
    def _convention(self) -> Any:
        return self.network.graph._codegen.pytree_info  # type: ignore[attr-defined]

    def _tree(self, leaves: list[Any]) -> Any:
        return pytree.tree_unflatten(leaves, self._convention.out_spec)

    def _like_network(self, leaf: Any) -> Any:
        """Floating-point inputs and outputs have the type of the network's weights."""
        weight = next((p for p in self.network.parameters() if p.is_floating_point()), None)
        is_float = isinstance(leaf, Tensor) and leaf.is_floating_point()
        return leaf.to(weight.dtype) if is_float and weight is not None else leaf

    def largest_layer(self, shapes: Sequence[tuple[int, ...]]) -> int:
        """Elements that the largest call reads and makes for one sample of inputs of these shapes."""
        key = tuple(shapes)
        if key not in self._largest:
            self._largest[key] = largest_layer(self.network.graph, shapes)
        return self._largest[key]

    @contextmanager
    def _answering(self, inputs: Sequence[Any]) -> Iterator[None]:
        """What an operation does not take of inputs of another size than the example's is said of the input."""
        shapes = shapes_of(inputs)
        try:
            yield
        except (RuntimeError, IndexError) as error:
            if shapes == [tuple(shape) for shape in self.plan.input_shapes]:
                raise
            assert self.plan.sizes is not None
            refused = f"{str(error).strip().splitlines()[0][:200]}"
            raise self.plan.sizes.refusal(
                shapes, len(inputs[0]), 0, f"it does not run: {refused}", free=True
            ) from error

    def _chunk(self, T: int, inputs: Sequence[Any]) -> int:
        opening = max((neuron.opening for neuron in self.sites.values()), default=0)
        if self.chunk is not None:
            return max(1, opening, min(self.chunk, T))
        device = placement_of(self.network).device
        per_sample = self.largest_layer(shapes_of(inputs))
        return max(opening, fitting_chunk(per_sample, rows_of(inputs), T, device, whole=self.is_whole))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and deepcopy by way of the file format: fx graphs lose their symbolic sizes when pickled."""
        from .io.snn_file import save_network

        buffer = io.BytesIO()
        save_network(self, buffer)
        return _rebuild, (buffer.getvalue(), self.state_dict(), self.T, self.chunk)


def placed_like(network: M, other: nn.Module) -> M:
    """The network on the device of another, and in its float type where it has one; layers of several keep theirs."""
    reference = next(iter(other.parameters()), None)
    if reference is None:
        return network
    types = {p.dtype for p in other.parameters() if p.is_floating_point()}
    network.to(reference.device)
    return network.to(types.pop()) if len(types) == 1 else network


def _rebuild(data: bytes, state: dict[str, Tensor], T: int, chunk: int | None) -> SpikingNetwork:
    from .io.snn_file import load_network

    snn = load_network(io.BytesIO(data))
    snn.load_state_dict(state, assign=True)
    snn.T, snn.chunk = T, chunk
    return snn


def rows_of(inputs: Sequence[Any]) -> int:
    """Samples in a batch."""
    return next(leaf.shape[0] for leaf in inputs if isinstance(leaf, Tensor) and leaf.dim())


def channels_last(x: Tensor) -> Tensor:
    """Laid out with channels last, if it is a map or a clip; else as its dimensions stand."""
    return x.contiguous(memory_format=CHANNELS_LAST.get(x.dim(), torch.contiguous_format))


def shapes_of(leaves: Sequence[Any]) -> list[tuple[int, ...]]:
    """Of one sample of every tensor that holds samples."""
    return [tuple(leaf.shape[1:]) for leaf in leaves if isinstance(leaf, Tensor) and leaf.dim()]


def check_input(leaf: Any, node: fx.Node) -> Any:
    """The leaf, if its type and dimensions fit the placeholder it fills (any batch size ≥ 1)."""
    expected = node.meta.get("val")
    if not isinstance(expected, Tensor):
        return leaf
    shape = ", ".join(["B", *(str(size) if isinstance(size, int) else "any" for size in expected.shape[1:])])
    if not isinstance(leaf, Tensor):
        raise InputError("the input is not a tensor", expected=f"[{shape}]", got=type(leaf).__name__)
    if leaf.dim() != expected.dim() or leaf.shape[0] == 0:
        raise InputError(
            ANOTHER,
            expected=f"[{shape}], any batch size B ≥ 1",
            got=str(list(leaf.shape)),
            remedy="give the input its batch dimension, dimension 0",
        )
    if expected.is_floating_point() != leaf.is_floating_point():
        held = "real numbers" if leaf.is_floating_point() else "integers"
        raise InputError(f"the input holds {held}", expected=f"{expected.dtype} [{shape}]", got=str(leaf.dtype))
    return leaf if leaf.is_floating_point() else leaf.to(expected.dtype)
