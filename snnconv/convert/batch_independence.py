"""Do samples of a batch see each other? Time is folded into the batch, so they must not."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from ..capture.refused import described, first_line
from ..errors import InputError, UnsupportedModelError
from ..graph.graphs import clone
from ..graph.lookups import Range
from ..graph.whole_inputs import bounds_of

SAMPLES = 4
CHANGED = 1  # no flip of the batch leaves it where it is
COARSE = {8: 1e-3, 4: 1e-3, 2: 0.05}  # by bytes of a number: another batch size, other kernels
TOLERANCE = 1e-5  # of the largest output: kernels may round differently, mixing changes far more


def refuse_batch_mixing(graph_module: fx.GraphModule, inputs: tuple[Any, ...]) -> None:
    """Change one sample and watch the others. Operations that are known to mix, or draw at random, the pre-flight
    names (`preflight`).

    Args:
        inputs: positional example arguments.

    Raises:
        InputError: the network does not run on such inputs.
        UnsupportedModelError: some other sample's output changed, or an output has no batch dimension.
    """
    leaves, structure = pytree.tree_flatten(inputs)
    bounds = iter(bounds_of(graph_module.graph))
    several = [(leaf, next(bounds) if isinstance(leaf, Tensor) else None) for leaf in leaves]
    spread_out = [(spread(leaf, bound), bound) for leaf, bound in several]
    batch = pytree.tree_unflatten([leaf for leaf, _ in spread_out], structure)
    changed = pytree.tree_unflatten([disturb(leaf, bound) for leaf, bound in spread_out], structure)
    with torch.no_grad():
        try:
            before, after = (pytree.tree_leaves(graph_module(*x)) for x in (batch, changed))
        except (RuntimeError, IndexError, TypeError) as error:
            raise InputError(
                "the network does not run on examples of the inputs that it was captured with",
                got=f"{', '.join(map(described, pytree.tree_leaves(batch)))}: {first_line(error)}",
                remedy="pass some of the data that it takes (data=…, --calib), whole numbers as integers",
            ) from error
    for first, second in zip(before, after, strict=True):
        if not isinstance(first, Tensor) or not first.is_floating_point():
            continue
        if first.dim() == 0 or first.shape[0] % SAMPLES:
            raise no_batch(first)
        a, b = (others(leaf) for leaf in (first, second))
        same = (a == b) | (a.isnan() & b.isnan())  # the same infinity, too
        largest = first.detach().nan_to_num(0, 0, 0).abs().max()
        if not bool(((a - b).abs().masked_fill(same, 0) <= TOLERANCE * largest).all()):
            raise UnsupportedModelError(
                "samples of a batch see each other: changing one sample changed the output of others",
                expected="a network whose samples are independent, since time steps are folded into the batch",
                remedy="look for normalisation, softmax, sums or rolls over dimension 0 (the batch)",
            )
    refuse_counting(graph_module, batch, before)


def refuse_counting(graph_module: fx.GraphModule, batch: Any, before: list[Any]) -> None:
    """Run the samples after the first one alone: they must give the same.

    Deep networks can amplify what kernels round differently among other numbers of samples. What differs is looked at
    once more in double precision, where rounding is 10^8 times smaller, and a true dependence is as large.

    Args:
        batch: SAMPLES samples, as positional arguments. before: the outputs for these.

    Raises:
        UnsupportedModelError: a sample's output depends on its place in the batch, or on how many there are.
    """
    if agree(before, of_fewer(graph_module, batch)):
        return
    doubled = clone(graph_module).double()
    batch = pytree.tree_map_only(Tensor, lambda leaf: leaf.double() if leaf.is_floating_point() else leaf, batch)
    try:
        with torch.no_grad():
            before = pytree.tree_leaves(doubled(*batch))
        if agree(before, of_fewer(doubled, batch)):
            return
    except RuntimeError:  # it computes in a type of its own
        pass
    raise UnsupportedModelError(
        "a sample's output depends on its place in the batch, or on how many samples there are",
        expected="a sample gives the same in every batch, since time steps are folded into it",
        remedy="look for x.shape[0] in arithmetic, or positions counted over dimension 0 (the batch)",
    )


def of_fewer(graph_module: fx.GraphModule, batch: Any) -> list[Any]:
    """The outputs for the samples after the first one."""
    fewer = pytree.tree_map_only(Tensor, lambda leaf: leaf[1:] if leaf.dim() else leaf, batch)
    with torch.no_grad():
        return pytree.tree_leaves(graph_module(*fewer))


def agree(before: list[Any], after: list[Any]) -> bool:
    """Whether outputs for all samples are those for the samples after the first one, but for rounding.

    Raises:
        UnsupportedModelError: they differ in a way that is not a matter of rounding.
    """
    for first, second in zip(before, after, strict=True):
        if not isinstance(first, Tensor) and first != second:
            raise UnsupportedModelError(
                f"an output is a number that depends on how many samples there are: {first} for {SAMPLES}",
                expected="dimension 0 of every output counts the samples",
                remedy="leave it out; x.shape[0] of the input says it",
            )
        if not isinstance(first, Tensor) or not first.is_floating_point():
            continue
        if second.shape == first.shape:
            raise no_batch(first)
        wanted = first.detach().unflatten(0, (SAMPLES, -1))[1:].flatten(0, 1)
        bound = float(wanted.nan_to_num(0, 0, 0).abs().max()) * COARSE[first.dtype.itemsize]
        if second.shape != wanted.shape or not torch.allclose(second.detach(), wanted, 0, bound, equal_nan=True):
            return False
    return True


def no_batch(output: Tensor) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"an output has no batch dimension: {list(output.shape)} for a batch of {SAMPLES}",
        expected="dimension 0 of every output counts the samples",
        remedy="leave out of the outputs what is the same for every sample, as a weight; keep samples apart in sums",
    )


def others(leaf: Tensor) -> Tensor:
    """The rows of the samples that were not changed."""
    return leaf.detach().unflatten(0, (SAMPLES, -1))[[n for n in range(SAMPLES) if n != CHANGED]]


def spread(leaf: Any, bound: Range | None) -> Any:
    """Different samples from whatever the example holds.

    Args:
        bound: the whole numbers that the input may hold; None for real numbers.
    """
    if not isinstance(leaf, Tensor) or leaf.dim() == 0:
        return leaf
    generator = torch.Generator().manual_seed(0)
    shape = (SAMPLES, *leaf.shape[1:])
    if bound is not None:
        return torch.randint(bound.low, bound.high + 1, shape, generator=generator).to(leaf)
    noise = torch.randn(shape, generator=generator, dtype=torch.complex64 if leaf.is_complex() else torch.float32)
    size = torch.view_as_real(leaf).std() if leaf.is_complex() else leaf.float().std()
    return leaf[:1].expand(shape) + noise.to(leaf) * (size.to(leaf) + 0.1)


def disturb(leaf: Any, bound: Range | None) -> Any:
    """The same with one sample far away from where it was."""
    if not isinstance(leaf, Tensor) or leaf.dim() == 0:
        return leaf
    changed = leaf.clone()
    if bound is None:
        changed[CHANGED] = changed[CHANGED] * -3 + 1
    else:
        changed[CHANGED] = (leaf[CHANGED].long() + 1 - bound.low) % (bound.high + 1 - bound.low) + bound.low
    return changed
