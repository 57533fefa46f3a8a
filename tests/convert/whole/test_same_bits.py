"""Networks of whole numbers give the same bits whatever runs them: chunk, batch, threads, kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import snnconv
from snnconv import METHODS, SpikingNetwork
from snnconv.neurons.kernels import dispatch, int8

from .networks import NETWORKS, trained_like

T = 5


@contextmanager
def threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def without(module: object, name: str) -> Iterator[None]:
    """Without the kernels of a library: `name` says that it has none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, lambda *_: False)
        yield


def one_by_one(snn: SpikingNetwork, x: Tensor) -> Tensor:
    return torch.cat([snn(row[None]) for row in x])


def in_chunks_of(chunk: int) -> Callable[[SpikingNetwork, Tensor], Tensor]:
    def run(snn: SpikingNetwork, x: Tensor) -> Tensor:
        snn.chunk = chunk
        try:
            return snn(x)
        finally:
            snn.chunk = None

    return run


def continued(snn: SpikingNetwork, x: Tensor) -> Tensor:
    """Two runs, the second from the state of the first; their mean as the engine takes it, one step after another."""
    first = snn.run(x, T=2)
    second = snn.run(x, T=T - 2, state=first.state)
    return (first.logits[-1] * 2 + second.logits[-1] * (T - 2)) / T


PAIRS = [("small", "sdm"), ("residual", "auto"), ("residual", "cos"), ("clips", "auto"), ("clips", "srp")]
OTHERS = [(n, m) for n in NETWORKS for m in ("auto", "sdm", "cos", "srp") if (n, m) not in PAIRS]


@pytest.mark.parametrize(
    ("network", "method"), [*PAIRS, *(pytest.param(*pair, marks=pytest.mark.slow) for pair in OTHERS)]
)
def test_the_same_bits(network: str, method: str) -> None:
    build, shape = NETWORKS[network]
    x = torch.randn(6, *shape, generator=torch.Generator().manual_seed(2))
    snn = snnconv.convert(trained_like(build), T, data=[x], method=method, weight_bits=8)
    wanted = snn(x)
    assert bool(wanted.isfinite().all())
    for run in (one_by_one, in_chunks_of(1), in_chunks_of(2), in_chunks_of(T)):
        assert torch.equal(run(snn, x), wanted), run
    for count in (1, 3):
        with threads(count):
            assert torch.equal(snn(x), wanted)
    with without(int8, "largest"):
        assert torch.equal(snn(x), wanted)
    with without(dispatch, "has"):
        assert torch.equal(snn(x), wanted)
    if not snn.warm_up:
        torch.testing.assert_close(continued(snn, x), wanted, rtol=1e-6, atol=1e-6)


def test_layouts_do_not_show() -> None:
    build, shape = NETWORKS["small"]
    x = torch.randn(4, *shape)
    snn = snnconv.convert(trained_like(build), T, data=[x], weight_bits=8)
    assert torch.equal(snn(x), snn(x.to(memory_format=torch.channels_last)))


def test_spikes_are_small_numbers() -> None:
    """In memory too: that is what makes the layers fast."""
    build, shape = NETWORKS["residual"]
    snn = snnconv.convert(trained_like(build), T, data=[torch.randn(4, *shape)], method="sdm-zero", weight_bits=8)
    types: set[torch.dtype] = set()
    for neuron in snn.sites.values():
        neuron.register_forward_hook(lambda module, args, result: types.add(result[0].dtype))
    snn(torch.randn(2, *shape))
    assert types <= {torch.uint8, torch.int8, torch.int16}


class NoLook(TorchDispatchMode):
    """Raises where a value is handed to Python: on a GPU that waits for everything before it."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._local_scalar_dense.default:
            raise AssertionError("a step looks at a value")
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("whole", [False, True])
def test_no_step_waits_for_the_device(method: str, whole: bool) -> None:
    if whole and METHODS[method].neuron == "differential":
        pytest.skip("differences are not whole numbers")
    build, shape = NETWORKS["small"]
    x = torch.randn(3, *shape)
    snn = snnconv.convert(trained_like(build), 3, data=[x], method=method, weight_bits=8 if whole else "float")
    with without(dispatch, "has"), without(int8, "largest"), torch.no_grad():
        program = snn._hidden[0]
        values = program.prefix(x)
        counted: list[Tensor] = []
        for neuron in snn.sites.values():
            neuron.tally = lambda events, neurons: counted.append(events)
        with NoLook():
            state = program.body({}, 5, True, *values)[1]
            program.body(state, 1, True, *values)
    assert len(counted) == 2 * len(snn.sites)
