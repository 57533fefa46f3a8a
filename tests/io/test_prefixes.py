"""Weights under a prefix, whatever it is: taken where it makes all names match, and noted where some were left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from snnconv import InputError
from snnconv.io import load_weights, open_model

State = dict[str, Tensor]


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Sequential(nn.Flatten(), nn.Linear(8, 3)))


def behind(prefix: str, state: State) -> State:
    return {prefix + name: tensor for name, tensor in state.items()}


OTHER = {"loss.weight": torch.ones(3), "metric.total": torch.zeros(1)}
# how a file names the weights → what is noted
FILES: dict[str, tuple[Callable[[State], State], list[str]]] = {
    "as they are": (lambda s: s, []),
    "lightning": (lambda s: behind("model.", s), []),
    "net": (lambda s: behind("net.", s), []),
    "several": (lambda s: behind("module.backbone.encoder.", s), []),
    "compiled": (lambda s: behind("model._orig_mod.", s), []),
    "a part compiled": (lambda s: {name.replace("2.", "2._orig_mod.", 1): t for name, t in s.items()}, []),
    "beside others": (lambda s: {**OTHER, **behind("model.", s)}, ["'model.'; 2 others were left out: loss.weight"]),
    "with an average": (
        lambda s: {**behind("ema_model.", {n: t + 1 for n, t in s.items()}), **behind("model.", s)},
        ["under 'model.' were taken, not 'ema_model.'"],
    ),
    "two networks": (
        lambda s: {**behind("generator.", s), **behind("critic.", {n: t + 1 for n, t in s.items()})},
        ["under 'generator.' were taken, not 'critic.'"],
    ),
    "without counters": (
        lambda s: behind("model.", {n: t for n, t in s.items() if not n.endswith("num_batches_tracked")}), [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_prefixes(name: str) -> None:
    written, noted = FILES[name]
    source, target = network(), network(1)
    notes = load_weights(target, written(source.state_dict()), "file.pt")
    assert all(torch.equal(tensor, target.state_dict()[key]) for key, tensor in source.state_dict().items())
    assert len(notes) == len(noted)
    assert all(words in note for words, note in zip(noted, notes))


def test_the_network_is_the_wrapper() -> None:
    class Wrapper(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = network(1)

    wrapper = Wrapper()
    assert load_weights(wrapper, network().state_dict()) == ()
    assert torch.equal(wrapper.model[0].weight, network()[0].weight)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: {name: t for name, t in behind("model.", s).items() if name != "model.0.bias"},
        lambda s: {**behind("model.", s), "model.0.bias": torch.ones(5)},
        lambda s: {**behind("a.", {n: t for n, t in s.items() if n < "1"}), **behind("b.", s)} | {"b.2.1.bias": None},
        lambda s: {"other": torch.ones(1)},
    ],
    ids=["missing", "shape", "torn apart", "foreign"],
)
def test_what_does_not_fit_is_refused(spoil: Callable[[State], State]) -> None:
    state = {name: tensor for name, tensor in spoil(network().state_dict()).items() if tensor is not None}
    with pytest.raises(InputError, match="do not fit the network"):
        load_weights(network(1), state, "file.pt")


def test_notes_reach_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_for_prefixes.py").write_text("from tests.io.test_prefixes import network\n")
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {**OTHER, **behind("model.", network().state_dict())}}, "weights.pt")
    opened = open_model("made_for_prefixes:network", weights="weights.pt")
    assert any("2 others were left out" in note for note in opened.notes)
