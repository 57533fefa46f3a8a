"""What is told of a verification, on made-up ones."""

from __future__ import annotations

from typing import Any

from snnconv.reports.sections.verify import verify_section
from snnconv.verification import Check, SiteVerdict, Verification

SITES = {"relu": SiteVerdict("ReLU", "exact", "sdm", least=0, most=3), "gelu": SiteVerdict("GELU", "approximate", None)}
ANALOG = [{"site": "pool", "operation": "max_pool2d", "macs": None}]


def made(*checks: Check, errors: dict[int, float], **more: Any) -> Verification:
    settings = {"method": "sdm", "alpha": 0.2, "beta": 5}
    given: dict[str, Any] = {"analog": ANALOG, "unsupported": [], "settings": settings, "notices": ["a notice"], **more}
    return Verification(
        "net", SITES, 1, 2, canonical_error=0.0, canonical_precision="float64", snn_error=errors, slope=-1.0,
        checks=list(checks), T=8, samples=4, data="npz:/somewhere/test.npz", **given,
    )  # fmt: skip


def test_what_holds_is_told_with_the_error() -> None:
    checks = (Check("sites", True, "all", "1 of 1"), Check("canonical", True, "the same", "0"))
    section = verify_section(made(*checks, errors={4: 0.02, 8: 0.0101}))
    assert section.headline == ["net: all 2 checks hold; the error of the output is 1.01 % at T = 8."]
    (tile,) = section.tiles
    assert (tile.value, tile.note) == ("2 of 2", "sdm α=0.2 β=5, 4 samples of test.npz")
    assert "1 of 2 activation sites spike" in section.paragraphs[1]
    assert [table.caption for table in section.tables] == ["Checks", "Analog by nature", "Every activation site"]
    assert [[cell.text for cell in row] for row in section.tables[-1].rows] == [
        ["relu", "ReLU", "exact", "sdm", "0", "3", "", "", ""],
        ["gelu", "GELU", "approximate", "–", "–", "–", "", "", ""],
    ]
    assert list(section.notices) == ["a notice"]


def test_what_fails_is_named() -> None:
    checks = (Check("sites", True, "all", "all"), Check("within", False, "2 %", "9 %"))
    section = verify_section(made(*checks, errors={8: 0.09}))
    assert section.headline == ["net: does not hold: within; the error of the output is 9 % at T = 8."]
    assert [cell.text for cell in section.tables[0].rows[1]] == ["within", "no", "9 %", "2 %"]


def test_a_refused_conversion_has_no_error_to_tell() -> None:
    """Nothing was run: what stands in the way is told in a table."""
    refused = [{"site": "mul", "operation": "mul", "detail": "two activations", "source": "", "remedy": ""}]
    check = Check("sites", False, "all", "1 unsupported")
    section = verify_section(made(check, errors={}, unsupported=refused, analog=[], settings={}))
    assert section.headline == ["net: does not hold: sites."]
    assert section.tiles[0].note == "4 samples of test.npz"
    assert [table.caption for table in section.tables] == ["Checks", "Not converted", "Every activation site"]
