"""What is told of a training, on made-up ones."""

from __future__ import annotations

from typing import Any

import pytest

from snnconv.reports.sections.training import training_section
from snnconv.training import FineTuning, Training
from snnconv.training.result import Epoch, History


def made(kind: type[History] = Training, quantity: str | None = None, **settings: Any) -> History:
    learned = (1.5, 2.0, 2.5) if quantity else ()
    epochs = [Epoch(0, None, None, 25.0, 0.1, *learned), Epoch(1, 1.25, 40.0, 62.5, 0.1, *learned),
              Epoch(2, 0.5, 80.0, 60.0, 0.001, *learned)]  # fmt: skip
    best = 1 if "early_stop" in settings else 2
    configuration: dict[str, Any] = {
        "settings": {"augment": [], "early_stop": None, **settings},
        "data": {"name": "npz:/somewhere/train.npz", "length": 1600},
        "val": {"name": "npz:/somewhere/val.npz", "length": 200},
    }
    if kind is Training:
        configuration["network"] = "Net"
    return kind(epochs, 1600, best, quantity, {"layer": (2.0, 1.75)} if quantity else {}, configuration)


def test_what_came_of_it() -> None:
    section = training_section(made())
    assert section.name == "train"
    assert section.headline == ["Net, trained for 2 epochs of 1,600 samples: 60.00 % of the validation data (val.npz)."]
    assert (section.tiles[0].value, section.tiles[0].note) == ("60.00 %", "after epoch 2")
    assert section.paragraphs[1].startswith("Trained on train.npz.")
    assert section.paragraphs[1].endswith("while the weights changed.")
    assert [cell.text for cell in section.tables[0].rows[0]] == ["0", "–", "–", "25.00", "0.1"]
    assert len(section.tables) == 1


def test_a_chosen_epoch_is_called_chosen() -> None:
    """An accuracy on the data that chose it is higher than it would be on others."""
    section = training_section(made(early_stop=3, augment=["flip", "crop"]))
    assert "62.50 % of the validation data, of epoch 1, the best by these data" in section.headline[0]
    assert section.paragraphs[1].endswith("augmented by flip, crop.")


@pytest.mark.parametrize(("quantity", "symbol", "title"), [("lambda", "λ", "λ"), ("tau", "τ", "τ (time steps)")])
def test_what_else_was_learned(quantity: str, symbol: str, title: str) -> None:
    section = training_section(made(FineTuning, quantity))
    assert section.name == "finetune"
    assert section.headline[0].startswith("network with learnable clips, trained for 2 epochs")
    epochs, layers = section.tables
    assert [column.heading for column in epochs.columns][-3:] == [f"min {symbol}", f"mean {symbol}", f"max {symbol}"]
    assert layers.caption == f"{title} of every layer, mean"
    assert [cell.text for cell in layers.rows[0]] == ["layer", "2", "1.75"]
    assert f"Right: {title} of the layers" in section.figures[0].caption
