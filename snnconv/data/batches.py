"""What a loader yields, whatever its form, as input tensors and labels: the one place that knows the batch forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError

INPUT_KEYS = ("input", "x", "image", "pixel_values", "video")
LABEL_KEYS = ("label", "labels", "y", "target")
TOKEN_KEYS = ("input_ids", "attention_mask", "token_type_ids")  # in the order in which language models take them
FORMS = (
    "a tensor; (x, y) with integer y; a tuple or list of tensors, the last of them float (several inputs); "
    f"((a, b), y) with integer y; a dict with its inputs under one of {', '.join(INPUT_KEYS)}, or under "
    f"{', '.join(TOKEN_KEYS)}"
)


def batch_inputs(batch: Any, where: str | None = None) -> tuple[Tensor, ...]:
    """The input tensors of a batch, samples along dimension 0.

    Args:
        batch: a tensor; `(x, y)` with integer y; a tuple or list of tensors, the last of them float (several inputs);
            `((a, b), y)`; or a dict whose first present key of `INPUT_KEYS` holds a tensor or a tuple of tensors, or
            which has some of `TOKEN_KEYS`.
        where: what to call the batch in errors, as "calibration batch 3".

    Raises:
        InputError: another form, an empty batch, inputs of different batch sizes, or a NaN or infinity in an input.
    """
    inputs, _ = _split(batch, where)
    _check_inputs(inputs, where)
    return inputs


def batch_labels(batch: Any, where: str | None = None) -> Tensor | None:
    """The labels of a batch, int64 with samples along dimension 0, or None where the batch has none.

    In a dict they are the first present key of `LABEL_KEYS`.

    Raises:
        InputError: the batch has none of the forms of `batch_inputs`, or not one label per sample.
    """
    inputs, labels = _split(batch, where)
    if labels is None:
        return None
    if labels.dim() == 0 or labels.shape[0] != inputs[0].shape[0]:
        raise InputError(
            "a batch has not one label per sample",
            expected=f"{inputs[0].shape[0]} labels",
            got=f"labels of shape {list(labels.shape)}",
            where=where,
        )
    return labels.long()


def shapes_of(inputs: Sequence[Tensor]) -> list[tuple[int, ...]]:
    """Of one sample, for each input."""
    return [tuple(leaf.shape[1:]) for leaf in inputs]


def limited_batches(
    data: Iterable[Any], limit: int | None = None, what: str = "batch"
) -> Iterator[tuple[tuple[Tensor, ...], Tensor | None]]:
    """`(inputs, labels)` of each batch until `limit` samples have come; the last batch is cut to fit.

    Args:
        limit: the most samples, None for all.
        what: the word for a batch in errors; its number, from 0, follows.

    Raises:
        InputError: there is no batch at all, or `batch_inputs` or `batch_labels` cannot read one.
    """
    left = limit
    number = -1
    for number, batch in enumerate(data):
        where = f"{what} {number}"
        inputs, labels = batch_inputs(batch, where), batch_labels(batch, where)
        if left is not None:
            inputs, labels = tuple(x[:left] for x in inputs), None if labels is None else labels[:left]
            left -= inputs[0].shape[0]
        yield inputs, labels
        if left == 0:
            return  # before the next batch is fetched: decoding one can take long
    if number < 0:
        raise InputError(
            "the data is empty",
            expected="at least one batch",
            got="none",
            remedy="a generator can be read only once: pass something that starts again, as a list or a DataLoader",
        )


def _split(batch: Any, where: str | None) -> tuple[tuple[Tensor, ...], Tensor | None]:
    if isinstance(batch, Tensor):
        return (batch,), None
    if isinstance(batch, Mapping):
        key = next((key for key in INPUT_KEYS if key in batch), None)
        words = [batch[name] for name in TOKEN_KEYS if name in batch]
        inputs = _tensors(words if key is None else batch[key])
        label_key = next((key for key in LABEL_KEYS if key in batch), None)
        labels = None if label_key is None else batch[label_key]
        if inputs is None or not (labels is None or _is_integer(labels)):
            raise _unknown(batch, where)
        return inputs, labels
    if isinstance(batch, (tuple, list)):
        if len(batch) == 2 and _is_integer(batch[1]) and (inputs := _tensors(batch[0])) is not None:
            return inputs, batch[1]
        inputs = _tensors(batch)
        if inputs is not None and (len(inputs) == 1 or inputs[-1].is_floating_point()):
            return inputs, None
    raise _unknown(batch, where)


def _tensors(value: Any) -> tuple[Tensor, ...] | None:
    """A tensor, or a tuple or list of tensors, as a tuple; None for anything else."""
    items = (value,) if isinstance(value, Tensor) else value
    if isinstance(items, (tuple, list)) and items and all(isinstance(item, Tensor) for item in items):
        return tuple(items)
    return None


def _is_integer(value: Any) -> bool:
    return isinstance(value, Tensor) and not (value.is_floating_point() or value.is_complex())


def _check_inputs(inputs: tuple[Tensor, ...], where: str | None) -> None:
    if any(x.dim() == 0 for x in inputs):
        raise InputError(
            "an input is one number, without samples",
            expected="tensors with the samples along dimension 0",
            got=", ".join(str(list(x.shape)) for x in inputs),
            where=where,
            remedy="give it for every sample, x.expand(len(samples)); or fix it in a module around the network",
        )
    sizes = [x.shape[0] for x in inputs]
    if not all(x.numel() for x in inputs) or len({*sizes}) != 1 or sizes[0] == 0:
        raise InputError(
            "a batch is empty or its inputs have different batch sizes",
            expected="tensors with the samples along dimension 0, at least one",
            got=", ".join(str(list(x.shape)) for x in inputs),
            where=where,
        )
    for x in inputs:
        require_finite(x, where)


def require_finite(x: Tensor, where: str | None = None) -> None:
    """Refuse an input [B, …] that is not all numbers.

    Raises:
        InputError: it holds NaN or infinity.
    """
    if not x.is_floating_point() or bool((finite := torch.isfinite(x)).all()):
        return
    first = int((~finite).flatten(1).any(1).nonzero()[0]) if x.dim() > 1 else int((~finite).nonzero()[0])
    place = (~finite[first]).nonzero()[0].tolist() if x.dim() > 1 else []
    raise InputError(
        "an input holds NaN or infinity",
        got=f"{int((~finite).sum())} such values of {x.numel()}, the first in sample {first} of the batch"
        + (f" at {place}" if place else ""),
        where=where,
        remedy="look for a division by 0 in the preprocessing, or leave the sample out",
    )


def _unknown(batch: Any, where: str | None) -> InputError:
    return InputError(
        "a batch has none of the known forms",
        expected=FORMS,
        got=_describe(batch),
        where=where,
        remedy="let the loader yield one of these; NumPy arrays become tensors with torch.from_numpy",
    )


def _describe(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} tensor {list(value.shape)}"
    if isinstance(value, Mapping):
        return "a dict of " + ", ".join(f"{key}: {_describe(item)}" for key, item in list(value.items())[:8])
    if isinstance(value, (tuple, list)):
        shown = ", ".join(_describe(item) for item in value[:4]) + (", …" if len(value) > 4 else "")
        return f"a {type(value).__name__} of {len(value)}: ({shown})"
    return type(value).__name__
