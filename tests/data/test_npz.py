"""npz files: every accepted form arrives as the same tensors, every broken one is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import snnconv
from snnconv.bench import diagnose, sweep
from snnconv.data import Normalization, batch_inputs, batch_labels, open_data
from snnconv.errors import InputError
from snnconv.training import finetune
from snnconv.verification import verify

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (7, 6, 5), dtype=np.uint8)
COLOUR = RANDOM.integers(0, 256, (7, 6, 5, 3), dtype=np.uint8)
Y = np.array([0, 1, 2, 0, 1, 2, 3])


def save(path: Path, **arrays: Any) -> str:
    np.savez_compressed(path, **arrays)
    return f"npz:{path}"


def whole(spec: str, **options: Any) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = zip(*open_data(spec, batch_size=3, **options))
    return torch.cat(x), torch.cat(y)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (GREY, GREY[:, None] / 255),
        (COLOUR, COLOUR.transpose(0, 3, 1, 2) / 255),
        (COLOUR[..., :1], COLOUR[..., :1].transpose(0, 3, 1, 2) / 255),
        (COLOUR.transpose(0, 3, 1, 2).astype(np.float32), COLOUR.transpose(0, 3, 1, 2)),
        (np.linspace(-3, 3, 7 * 2 * 4).reshape(7, 2, 2, 2), np.linspace(-3, 3, 7 * 2 * 4).reshape(7, 2, 2, 2)),
        (COLOUR[:, ::2].astype(np.float16).transpose(0, 3, 1, 2), COLOUR[:, ::2].transpose(0, 3, 1, 2)),
    ],
)
@pytest.mark.parametrize("label_type", [np.int64, np.uint8, np.int32])
def test_accepted_forms(tmp_path: Path, stored: np.ndarray, expected: np.ndarray, label_type: type) -> None:
    x, y = whole(save(tmp_path / "a.npz", x=stored, y=Y.astype(label_type)))
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
    assert x.is_contiguous()
    torch.testing.assert_close(x, torch.tensor(expected, dtype=torch.float32), rtol=1e-6, atol=0)
    assert y.tolist() == Y.tolist()


@pytest.mark.parametrize(
    "stored",
    [
        RANDOM.random((7, 4)).astype(np.float32),
        RANDOM.random((7, 2, 16)),
        RANDOM.integers(-5, 300, (7, 12)),
        RANDOM.integers(0, 300, (7, 12), dtype=np.int16),
        RANDOM.integers(0, 300, (7, 3, 4, 2), dtype=np.int32),
    ],
    ids=["features", "signals", "words", "short words", "words in a grid"],
)
def test_what_is_no_image_keeps_its_shape(tmp_path: Path, stored: np.ndarray) -> None:
    """Real numbers stay real, whole numbers whole: none is taken for a pixel."""
    x, y = whole(save(tmp_path / "a.npz", x=stored, y=Y))
    assert x.dtype == (torch.float32 if stored.dtype.kind == "f" else torch.int64)
    assert torch.equal(x, torch.tensor(stored).to(x.dtype))
    assert y.tolist() == Y.tolist()


def test_words_are_not_normalised(tmp_path: Path) -> None:
    spec = save(tmp_path / "a.npz", x=np.arange(14).reshape(7, 2), y=Y)
    with pytest.raises(InputError, match="whole numbers, as words, cannot be normalised"):
        open_data(spec, normalization=Normalization((0.1,), (1.0,)))


VIDEO = RANDOM.integers(0, 256, (7, 4, 6, 5, 3), dtype=np.uint8)  # N, T, H, W, C


@pytest.mark.parametrize(
    ("layout", "stored", "expected"),
    [
        ("NTHWC", VIDEO, VIDEO.transpose(0, 4, 1, 2, 3) / 255),
        ("NTHW", VIDEO[..., 0], VIDEO[:, None, ..., 0] / 255),
        ("NCTHW", VIDEO.transpose(0, 4, 1, 2, 3), VIDEO.transpose(0, 4, 1, 2, 3) / 255),
        ("THWN", VIDEO[..., 0].transpose(1, 2, 3, 0).astype(np.float32), VIDEO[:, None, ..., 0]),
        ("NCHW", COLOUR, COLOUR / 255),  # as they say, not as the type would have it
    ],
)
def test_layouts(tmp_path: Path, layout: str, stored: np.ndarray, expected: np.ndarray) -> None:
    x, _ = whole(save(tmp_path / "a.npz", x=stored, y=Y) + f"?layout={layout}")
    assert x.is_contiguous()
    torch.testing.assert_close(x, torch.tensor(expected, dtype=torch.float32), rtol=1e-6, atol=0)


def test_keys_and_a_choice_of_samples(tmp_path: Path) -> None:
    train = np.array([1, 0, 1, 1, 0, 0, 1], dtype=bool)
    spec = save(tmp_path / "a.npz", clips=VIDEO[..., 0], word=Y, train=train)
    for where, chosen in (("train", train), ("!train", ~train)):
        x, y = whole(f"{spec}?x=clips&y=word&layout=NTHW&where={where}")
        assert y.tolist() == Y[chosen].tolist()
        torch.testing.assert_close(x[:, 0], torch.tensor(VIDEO[chosen][..., 0] / 255, dtype=torch.float32))


def test_frames_are_the_middles_of_equal_parts(tmp_path: Path) -> None:
    video = np.arange(7 * 6 * 2 * 2, dtype=np.float32).reshape(7, 6, 2, 2)
    x, _ = whole(save(tmp_path / "a.npz", x=video, y=Y) + "?layout=NTHW&frames=3")
    assert torch.equal(x[:, 0], torch.from_numpy(video[:, [1, 3, 5]]))


@pytest.mark.parametrize(
    ("part", "frames"), [("1:4", [1, 2, 3]), (":2", [0, 1]), ("0:6:2", [0, 2, 4]), ("-2:", [4, 5])]
)
def test_frames_by_a_slice(tmp_path: Path, part: str, frames: list[int]) -> None:
    video = np.arange(7 * 6 * 2 * 2, dtype=np.float32).reshape(7, 6, 2, 2)
    x, _ = whole(save(tmp_path / "a.npz", x=video, y=Y) + f"?layout=NTHW&frames={part}")
    assert torch.equal(x[:, 0], torch.from_numpy(video[:, frames]))


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ("2:2", "no frames are left"),
        ("9:", r"end before(.|\n)*0 to 4(.|\n)*frames=9:"),
        ("0:9", r"end before(.|\n)*frames=0:9"),
    ],
)
def test_a_slice_that_the_videos_do_not_hold(tmp_path: Path, part: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        open_data(save(tmp_path / "a.npz", x=VIDEO[..., 0], y=Y) + f"?layout=NTHW&frames={part}")


def test_a_file_named_like_an_option(tmp_path: Path) -> None:
    x, _ = whole(save(tmp_path / "a?y=b.npz", x=GREY, y=Y))
    assert len(x) == 7


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("layout=NTHWC", "x does not have the layout it is said to have"),
        ("frames=3", "images have no frames"),
        ("frames=0", "not a value for the option frames of an npz file"),
        ("frames=0:4:-1", "not a value for the option frames of an npz file"),
        ("frames=a:b", "not a value for the option frames of an npz file"),
        ("frames=1:2:3:4", "not a value for the option frames of an npz file"),
        ("where=!", "not a value for the option where of an npz file"),
        ("layout=NHWW", "not a layout"),
        ("layout=HW", "not a layout"),
        ("where=y", "y does not say which samples to take"),
        ("where=!none", "the data file has no none"),
        ("y=word", "the data file has no word"),
        ("z=1", "not an option of an npz file"),
        ("y=y&y=x", "the option y of an npz file comes twice"),
        ("where=nobody", "where=nobody leaves no samples"),
    ],
)
def test_options_that_do_not_fit(tmp_path: Path, options: str, problem: str) -> None:
    spec = save(tmp_path / "a.npz", x=COLOUR, y=Y, nobody=np.zeros(7, dtype=bool))
    with pytest.raises(InputError, match=problem):
        open_data(f"{spec}?{options}")


def test_files_follow_each_other(tmp_path: Path) -> None:
    specs = [
        save(tmp_path / f"{i}.npz", x=COLOUR[part], y=Y[part]) for i, part in enumerate(np.split(np.arange(7), [2, 3]))
    ]
    joined = "npz:" + ",".join(spec.removeprefix("npz:") for spec in specs)
    single = save(tmp_path / "with, comma.npz", x=COLOUR, y=Y)
    for limit in (None, 1, 2, 3, 5):
        for one, other in zip(whole(joined, limit=limit), whole(single, limit=limit)):
            assert torch.equal(one, other)


def test_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Together longer than a file name may be."""
    save(tmp_path / "part.npz", x=GREY, y=Y)
    monkeypatch.chdir(tmp_path)
    assert len(open_data("npz:" + ",".join(["part.npz"] * 100))) == 700


def test_sizes_order_and_repeats(tmp_path: Path) -> None:
    source = open_data(save(tmp_path / "a.npz", x=COLOUR, y=Y), batch_size=3, limit=5)
    assert (len(source), source.shape, source.classes, source.normalization) == (5, (3, 6, 5), None, None)
    assert source.name == f"npz:{tmp_path / 'a.npz'}"
    assert "5 samples" in repr(source)
    first, again = list(source), list(source)
    assert [len(x) for x, _ in first] == [3, 2]
    assert all(torch.equal(a[0], b[0]) and torch.equal(a[1], b[1]) for a, b in zip(first, again))
    assert len(open_data(source.name, limit=100)) == 7


def test_batches_are_the_callers_to_change(tmp_path: Path) -> None:
    source = open_data(save(tmp_path / "a.npz", x=COLOUR.transpose(0, 3, 1, 2).astype(np.float32), y=Y))
    for x, y in source:
        x.zero_()
        y.zero_()
    assert next(iter(source))[0].any()
    assert next(iter(source))[1].any()


def test_normalisation_is_applied(tmp_path: Path) -> None:
    spec = save(tmp_path / "a.npz", x=COLOUR, y=Y)
    normalization = Normalization((0.1, 0.2, 0.3), (0.5, 0.6, 0.7))
    torch.testing.assert_close(whole(spec, normalization=normalization)[0], normalization(whole(spec)[0]))
    with pytest.raises(InputError, match="does not fit the number of channels"):
        open_data(spec, normalization=Normalization((0.1, 0.2), (1.0,)))


NAN = np.zeros((7, 1, 2, 2), np.float32)
NAN[4, 0, 1, 1] = np.nan
INFINITE = np.where(np.isnan(NAN), np.inf, NAN)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": GREY, "labels": Y}, "no x(.|\n)*images, labels"),
        ({}, "no keys"),
        ({"x": GREY[0], "y": Y}, "unknown form"),
        ({"x": GREY[:, None, None], "y": Y}, r"unknown form(.|\n)*uint8 \[7, 1, 1, 6, 5\]"),
        ({"x": GREY.astype(np.float32)[:, :, :, None, None], "y": Y}, "unknown form"),
        ({"x": GREY.astype(np.uint32), "y": Y}, r"unknown form(.|\n)*astype\(numpy.int64\)"),
        ({"x": GREY[:, 0], "y": Y}, r"unknown form(.|\n)*astype\(numpy.int64\)"),
        ({"x": np.arange(7), "y": Y}, "unknown form"),
        ({"x": np.array(["a"] * 7), "y": Y}, "unknown form"),
        ({"x": np.float32(1), "y": Y}, "unknown form"),
        (
            {"x": RANDOM.integers(0, 256, (7, 3, 8, 8), dtype=np.uint8), "y": Y},
            r"channels last(.|\n)*transpose\(0, 2, 3, 1\)",
        ),
        ({"x": RANDOM.random((7, 8, 8, 3)), "y": Y}, r"channels first(.|\n)*transpose\(0, 3, 1, 2\)"),
        ({"x": NAN, "y": Y}, "NaN or infinity(.|\n)*image 4"),
        ({"x": INFINITE, "y": Y}, "NaN or infinity(.|\n)*image 4"),
        ({"x": GREY[:0], "y": Y[:0]}, "there are no images"),
        ({"x": GREY, "y": Y[:5]}, "7 images, 5 labels"),
        ({"x": GREY, "y": Y[:, None]}, "not integers in one row"),
        ({"x": GREY, "y": Y.astype(float)}, r"not integers in one row(.|\n)*y=none"),
        ({"x": GREY, "y": Y - 1}, "a label is negative(.|\n)*-1 at 0"),
        ({"x": GREY, "y": np.array([None] * 7)}, "cannot be read"),
    ],
)
def test_refused_contents(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    spec = save(tmp_path / "bad.npz", **arrays)
    with pytest.raises(InputError, match=message) as error:
        open_data(spec)
    assert "bad.npz" in str(error.value)


@pytest.mark.parametrize("kept", [0, 1, 10, 200, -1, -200])
def test_truncated_files(tmp_path: Path, kept: int) -> None:
    save(tmp_path / "a.npz", x=COLOUR, y=Y)
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:kept])
    with pytest.raises(InputError, match="cannot be read"):
        open_data(f"npz:{tmp_path / 'a.npz'}")


def test_damaged_bytes(tmp_path: Path) -> None:
    save(tmp_path / "a.npz", x=COLOUR, y=Y)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[200:240] = bytes(40)
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        open_data(f"npz:{tmp_path / 'a.npz'}")


def test_files_that_are_no_npz(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such data file"):
        open_data(f"npz:{tmp_path / 'none.npz'}")
    with pytest.raises(InputError, match="no such data file"):
        open_data(f"npz:{tmp_path}")
    with pytest.raises(InputError, match="no such data file"):
        open_data("npz:" + "a" * 300)
    np.save(tmp_path / "array.npy", GREY)
    with pytest.raises(InputError, match="one array, not an npz"):
        open_data(f"npz:{tmp_path / 'array.npy'}")
    (tmp_path / "text.npz").write_text("no arrays here")
    with pytest.raises(InputError, match="cannot be read"):
        open_data(f"npz:{tmp_path / 'text.npz'}")


def test_files_that_do_not_go_together(tmp_path: Path) -> None:
    one = save(tmp_path / "one.npz", x=COLOUR, y=Y)
    for number, other in enumerate([COLOUR[..., :1], GREY, COLOUR.transpose(0, 3, 1, 2).astype(np.float32)]):
        second = save(tmp_path / f"{number}.npz", x=other, y=Y).removeprefix("npz:")
        with pytest.raises(InputError, match=f"different kinds of images(.|\n)*{number}.npz"):
            open_data(f"{one},{second}")


class Pair(nn.Module):
    """A regressor of two inputs, the second a weight for each sample."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(4, 8), nn.Linear(8, 1)

    def forward(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return self.second(torch.relu(self.first(x)) * weight[:, None]).squeeze(1)


FEATURES, WEIGHTS = RANDOM.random((7, 4)).astype(np.float32), RANDOM.random(7)


@pytest.mark.parametrize("targets", [{}, {"y": RANDOM.random(7)}], ids=["none", "of a regression"])
def test_without_labels_and_with_several_inputs(tmp_path: Path, targets: dict[str, Any]) -> None:
    spec = save(tmp_path / "a.npz", features=FEATURES, weights=WEIGHTS, **targets) + "?x=features,weights&y=none"
    source = open_data(spec, batch_size=3)
    assert (len(source), source.shape, source.labelled) == (7, ((4,), ()), False)
    batches = [batch_inputs(batch) for batch in source]
    assert [batch_labels(batch) for batch in source] == [None] * 3
    for stored, found in zip((FEATURES, WEIGHTS), zip(*batches)):
        torch.testing.assert_close(torch.cat(found), torch.tensor(stored, dtype=torch.float32))
    model = Pair().eval()
    snn = snnconv.convert(model, 8, data=spec)
    assert verify(model, spec, T=16).held
    assert diagnose(snn, spec).samples == 7
    assert sweep(snn, spec, [1], metric="error").samples == 7
    with pytest.raises(InputError, match="no classes to agree on"):
        sweep(snn, spec, [1])
    for measured in (
        lambda: sweep(snn, spec, [1], metric="top1"),
        lambda: finetune(snnconv.clip(model, data=spec), spec, spec, epochs=1),
    ):
        with pytest.raises(InputError, match=r"labels(.|\n)*y=KEY"):
            measured()


def test_several_inputs_with_labels(tmp_path: Path) -> None:
    words, mask = RANDOM.integers(0, 9, (7, 5)), RANDOM.random((7, 5)) > 0.5
    spec = save(tmp_path / "a.npz", words=words, mask=mask, y=Y) + "?x=words,mask"
    batches = list(open_data(spec, batch_size=3, limit=5))
    assert [(len(inputs), [leaf.dtype for leaf in inputs]) for inputs, _ in batches] == [
        (2, [torch.int64, torch.bool])
    ] * 2
    assert torch.cat([y for _, y in batches]).tolist() == Y[:5].tolist()
    assert torch.equal(torch.cat([inputs[1] for inputs, _ in batches]), torch.tensor(mask[:5]))
    part = save(tmp_path / "b.npz", words=words, mask=mask, y=Y, part=Y > 0) + "?x=words,mask&where=part"
    assert len(open_data(part)) == 5
    assert open_data(spec).digest() != open_data(spec.replace("words,mask", "words,words")).digest()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("x=a,short", r"different numbers of samples(.|\n)*7 in a, 6 in short"),
        ("x=a,missing", "no missing"),
        ("x=a&y=labels", "no labels"),
        ("x=a,a&frames=2", "frames are of one input"),
        ("x=a,names", r"unknown form(.|\n)*array names"),
    ],
)
def test_several_inputs_that_do_not_go_together(tmp_path: Path, query: str, message: str) -> None:
    names = np.array(["n"] * 7)
    spec = save(tmp_path / "a.npz", a=FEATURES, short=FEATURES[:6], names=names)
    with pytest.raises(InputError, match=message):
        open_data(f"{spec}?{query}")


def test_files_with_and_without_labels(tmp_path: Path) -> None:
    one, other = save(tmp_path / "a.npz", x=FEATURES, y=Y), str(tmp_path / "b.npz")
    np.savez(other, x=FEATURES)
    with pytest.raises(InputError, match=r"some have none(.|\n)*y=none"):
        open_data(f"{one},{other}")
    assert len(open_data(f"{one},{other}?y=none")) == 14
