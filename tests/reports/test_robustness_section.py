"""What is told of noise, on made-up results."""

from __future__ import annotations

from snnconv.bench._robustness import NoiseRow, Robustness
from snnconv.reports.sections.robustness import robustness_section


def made(*networks: str, T: int | None = None) -> Robustness:
    cases = (("none", 0.0, 90.0), ("gaussian", 0.5, 80.0), ("gaussian", 1.0, 60.5), ("salt-pepper", 0.3, 92.25))
    rows = [NoiseRow(network, *case) for network in networks for case in cases]
    settings = {"method": "sdm", "alpha": 0.2, "beta": 5} if T else {}
    return Robustness(rows, True, 400, "npz:/somewhere/test.npz", T, settings, None, notices=["a notice"])


def test_the_strongest_noise_is_told() -> None:
    section = robustness_section(made("net"))
    assert section.headline == [
        "net: 90.00 % without noise; Gaussian noise, a = 1: 60.50 % (-29.50 points); "
        "salt-and-pepper noise, P = 0.3: 92.25 % (+2.25 points)."
    ]
    assert [(tile.label, tile.value) for tile in section.tiles] == [
        ("Gaussian noise", "60.50 %"),
        ("Salt-and-pepper noise", "92.25 %"),
    ]
    assert "400 samples of test.npz: one sample is 0.25 points" in section.paragraphs[1]
    assert list(section.notices) == ["a notice"]


def test_a_converted_network_and_its_ann() -> None:
    """Both are told of, with the conversion; the summary's figures are the spiking network's."""
    section = robustness_section(made("SNN, T=4", "ANN", T=4))
    assert [told.partition(": ")[0] for told in section.headline] == ["sdm α=0.2 β=5, SNN, T=4", "sdm α=0.2 β=5, ANN"]
    assert all("SNN, T=4" in tile.note for tile in section.tiles)
    assert len(section.tables[0].rows) == 8


def test_without_any_noise() -> None:
    rows = [NoiseRow("net", "none", 0.0, 90.0)]
    section = robustness_section(Robustness(rows, False, 400, "test.npz", None, {}, None))
    assert section.headline == ["net: 90.00 % without noise."]
    assert not section.tiles
    assert "left where they are" in section.paragraphs[1]
