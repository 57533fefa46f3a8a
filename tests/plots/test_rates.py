"""The names under the firing rates."""

from __future__ import annotations

from pathlib import Path

from snnconv.plots.rates import MOST_NAMES, plot_rates, short

from .made import made, texts


def test_every_layer_is_named_where_there_is_room(tmp_path: Path) -> None:
    plot_rates(made(2, sites=MOST_NAMES), tmp_path / "rates.svg")
    assert {f"layer{site}.relu" for site in range(MOST_NAMES)} <= set(texts(tmp_path / "rates.svg"))


def test_a_deep_network_names_every_so_many(tmp_path: Path) -> None:
    plot_rates(made(1, sites=100), tmp_path / "rates.svg")
    named = [text for text in texts(tmp_path / "rates.svg") if text.startswith("layer")]
    assert named == [f"layer{site}.relu" for site in range(0, 100, 5)]  # ⌈100 / 24⌉ = 5


def test_long_names_keep_their_end() -> None:
    assert short("relu") == "relu"
    assert short("backbone.stage3.block12.branch2.relu") == "….block12.branch2.relu"
    assert len(short("x" * 90)) == 22
