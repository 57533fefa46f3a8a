"""Every documented batch form is read; everything else is refused with the list of forms."""

from __future__ import annotations

from collections import OrderedDict, UserDict
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from snnconv.data import batch_inputs, batch_labels, limited_batches
from snnconv.data.batches import INPUT_KEYS, LABEL_KEYS
from snnconv.errors import InputError

A, B, Y = torch.rand(4, 3, 8, 8), torch.rand(4, 5), torch.tensor([0, 1, 2, 1])


@pytest.mark.parametrize(
    ("batch", "inputs", "labels"),
    [
        (A, [A], None),
        ([A], [A], None),
        ((A, Y), [A], Y),
        ([A, Y], [A], Y),
        ((A, Y.to(torch.uint8)), [A], Y),
        ((Y, Y), [Y], Y),  # integer inputs, as token numbers
        ((A, B), [A, B], None),
        ([A, B, A], [A, B, A], None),
        (((A, B), Y), [A, B], Y),
        ([[A, B], Y], [A, B], Y),
        (((A,), Y), [A], Y),
        ((Y, A), [Y, A], None),  # words beside real numbers
        ([Y, A, B], [Y, A, B], None),
        (((Y, A), Y), [Y, A], Y),
        ({"input_ids": Y, "labels": Y}, [Y], Y),
        ({"token_type_ids": Y, "attention_mask": A, "input_ids": B, "label": Y}, [B, A, Y], Y),
        ({"video": [A, B], "label": Y, "video_name": ["a", "b", "c", "d"]}, [A, B], Y),
        (OrderedDict(video=B, x=A), [A], None),
        (UserDict(pixel_values=A, labels=Y), [A], Y),
        *[({key: A}, [A], None) for key in INPUT_KEYS],
        *[({"x": A, key: Y}, [A], Y) for key in LABEL_KEYS if key != "x"],
    ],
)
def test_forms(batch: Any, inputs: list[torch.Tensor], labels: torch.Tensor | None) -> None:
    read = batch_inputs(batch)
    assert len(read) == len(inputs)
    assert all(one is other for one, other in zip(read, inputs))
    got = batch_labels(batch)
    if labels is None:
        assert got is None
    else:
        assert got is not None
        assert got.dtype == torch.int64
        assert torch.equal(got, labels)


@pytest.mark.parametrize(
    "batch",
    [
        None,
        3.0,
        "x",
        (),
        [],
        {},
        {"inputs": A},
        {"x": "file.png"},
        {"x": A, "label": ["cat"]},
        A.numpy(),
        (A.numpy(), Y),
        (A, None),
        (A, [0, 1, 2, 1]),
        (A, Y, Y),
        (A, B, Y),
        ((), Y),
        ((A, "b"), Y),
    ],
)
def test_other_forms_are_refused(batch: Any) -> None:
    for read in (batch_inputs, batch_labels):
        with pytest.raises(InputError, match="none of the known forms") as error:
            read(batch, "calibration batch 7")
        assert "a dict with its inputs under one of input, x, image, pixel_values, video" in str(error.value)
        assert "calibration batch 7" in str(error.value)


def test_the_message_describes_what_came() -> None:
    with pytest.raises(
        InputError, match=r"a tuple of 3: \(float32 tensor \[4, 3, 8, 8\], int64 tensor \[4\], NoneType\)"
    ):
        batch_inputs((A, Y, None))


@pytest.mark.parametrize("batch", [torch.tensor(1.0), (A, torch.tensor(1.0))])
def test_numbers_are_no_inputs(batch: Any) -> None:
    with pytest.raises(InputError, match=r"one number, without samples(.|\n)*expand"):
        batch_inputs(batch)


@pytest.mark.parametrize("batch", [A[:0], (A, B[:2]), (A[:0], Y[:0]), torch.zeros(2, 0)])
def test_empty_and_uneven_batches_are_refused(batch: Any) -> None:
    with pytest.raises(InputError, match="empty or its inputs have different batch sizes") as error:
        batch_inputs(batch, "batch 2")
    assert "batch 2" in str(error.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite_are_refused(value: float) -> None:
    broken = A.clone()
    broken[2, 1, 0, 0] = value
    for batch in (broken, (broken, Y), (B, broken), {"image": broken}):
        with pytest.raises(InputError, match=r"1 such values of 768, the first in sample 2") as error:
            batch_inputs(batch, "calibration batch 5")
        assert "calibration batch 5" in str(error.value)
    with pytest.raises(InputError, match="the first in sample 1"):
        batch_inputs(torch.tensor([0.0, value]))


@pytest.mark.parametrize("labels", [Y[:3], torch.tensor(1)])
def test_one_label_per_sample(labels: torch.Tensor) -> None:
    with pytest.raises(InputError, match="not one label per sample"):
        batch_labels((A, labels), "batch 0")


def test_a_limit_cuts_the_last_batch_and_fetches_no_more() -> None:
    fetched = []

    def loader() -> Any:
        for batch in DataLoader(TensorDataset(torch.arange(10.0)[:, None], torch.arange(10)), batch_size=4):
            fetched.append(batch)
            yield batch

    sizes = [
        (inputs[0].shape[0], labels.tolist()) for inputs, labels in limited_batches(loader(), 6) if labels is not None
    ]
    assert sizes == [(4, [0, 1, 2, 3]), (2, [4, 5])]
    assert len(fetched) == 2
    assert sum(inputs[0].shape[0] for inputs, _ in limited_batches(loader())) == 10
    assert sum(inputs[0].shape[0] for inputs, _ in limited_batches(loader(), 99)) == 10
    fetched.clear()
    assert len(list(limited_batches(loader(), 4))) == len(fetched) == 1


def test_no_batch_at_all() -> None:
    with pytest.raises(InputError, match="the data is empty"):
        list(limited_batches(iter([])))


def test_a_bad_batch_is_named_by_its_number() -> None:
    with pytest.raises(InputError, match="test batch 1"):
        list(limited_batches([A, A[:0]], what="test batch"))
