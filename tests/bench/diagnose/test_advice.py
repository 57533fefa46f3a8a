"""What a diagnosis says in words, on sites made up for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snnconv.bench import Diagnosis
from snnconv.bench._diagnose.advice import remedy, verdict
from snnconv.plan import SitePlan

from .sites import site

IF = SitePlan("a", "integrate_fire", {"alpha": 1.0})
PAPER = SitePlan("a", "sd", {"alpha": 0.5, "beta": 2, "down_limit": 1, "retract": "threshold"})
ZERO = SitePlan("a", "sd", {"alpha": 0.5, "beta": 2, "down_limit": 2, "retract": "zero"})
GROUP = SitePlan("a", "sd", {"alpha": 0.5, "beta": 2, "down_limit": 0, "retract": "threshold"})


def test_worst_first_is_relative_to_the_activation(diagnosis: Diagnosis) -> None:
    sites = [site("a", 1.0, clipping=0.5), site("b", 0.0, clipping=9.0), site("c", 0.1, clipping=0.2)]
    assert [s.site for s in replace(diagnosis, sites=sites).worst_first()] == ["c", "a", "b"]
    assert sites[1].relative_bias is None


def test_the_worst_site_and_its_largest_part() -> None:
    """b is off by 0.4 of 0.5, a only by 0.5 of 2; of the 0.4, three quarters are clipping."""
    sites = [site("a", 2.0, unevenness=0.5), site("b", 0.5, clipping=0.3, inherited=0.1), site("c", 0.0, clipping=5.0)]
    said = verdict(sites, {"a": ZERO, "b": ZERO, "c": ZERO})
    assert "largest at b: its mean outputs are off by 80.0 % of the mean activation; 75 % of that is clipping" in said


def test_an_inherited_error_is_followed_to_where_it_is_made() -> None:
    """Own parts in units of the activation: a 0.3 quantisation and 0.1 unevenness, b 0.2 quantisation: 13 of 14."""
    sites = [site("a", 1.0, quantisation=0.3, unevenness=0.1), site("b", 0.5, inherited=0.4, quantisation=0.1)]
    said = verdict(sites, {"a": IF, "b": IF})
    assert "largest at b" in said
    assert "80 % of that is inherited from the layers before it" in said
    assert "Of what the sites add themselves, 93 % (of the squares) is quantisation" in said
    assert "most of it at a. What helps: more time steps" in said


def test_rare_large_errors_weigh_more_than_frequent_small_ones() -> None:
    """As of clipping: 1 % of the activation in mean size beside 4 % of rounding, but more in squares."""
    rare = replace(site("a", 1.0, clipping=0.01, quantisation=0.04), squared={"clipping": 0.6, "quantisation": 0.2})
    rare.squared.update(inherited=0.0, unevenness=0.0)
    assert "75 % (of the squares) is clipping" in verdict([rare], {"a": IF})


def test_no_error_needs_no_advice() -> None:
    assert verdict([site("a", 1.0)], {"a": IF}) == "The mean output of every site equals the ANN's activation."
    assert "What helps" not in verdict([site("a", 1.0, inherited=0.5)], {"a": IF})


@pytest.mark.parametrize(
    ("part", "plan", "words"),
    [
        ("clipping", IF, "larger α·β"),
        ("quantisation", PAPER, "smaller α"),
        ("quantisation", IF, "several smaller spikes"),
        ("unevenness", IF, "method sdm or auto"),
        ("unevenness", GROUP, "method sdm or auto"),
        ("unevenness", PAPER, "retract=zero"),
    ],
)
def test_remedies_are_such_as_the_neuron_does_not_have_yet(part: str, plan: SitePlan, words: str) -> None:
    assert words in remedy(part, plan)
    assert remedy("unevenness", ZERO) == "more time steps"


def test_remedies_of_weighted_spikes() -> None:
    """Their levels are made by bits, and differences take themselves back."""
    binary = SitePlan("a", "binary", {"alpha": 0.5, "bits": 4, "down_limit": 0})
    differential = SitePlan("a", "differential", {"alpha": 1.0, "bits": 8})
    assert remedy("quantisation", binary) == "more time steps, or more bits"
    assert "β" not in remedy("clipping", binary)
    assert remedy("unevenness", differential) == "more time steps"
