"""Running recipes: what needs no data gives the published figures; bad input is refused."""

from __future__ import annotations

import pytest

from snnconv import InputError
from snnconv.papers import Workspace, run_recipe

from .made import row_of


def test_svformer_energy() -> None:
    run = run_recipe("svformer-energy")
    published = row_of(run, "as-published")
    assert published.measured == pytest.approx([229.163, 0.700, 20.760, 1054.148, 21.904], abs=0.005)
    right = row_of(run, "correct")
    assert right.measured == pytest.approx([38.19, 0.700, 4.107, 175.7, 6.92], abs=0.03)
    assert right.note.startswith("right")
    assert not any(row.why for row in run.rows)


@pytest.mark.slow
def test_respike_operations_and_energies() -> None:
    """Counts to the two decimals that were published but C3D's; energies to 0.2 %, as the paper rounds its summands."""
    for row in run_recipe("respike-table3").rows:
        counted, energy = row.measured[0], row.measured[3]
        assert energy == pytest.approx(row.published[3], rel=0.003)
        if row.name == "c3d":
            assert round(counted or 0, 3) == 154.138
        else:
            assert round(counted or 0, 2) == row.published[0]


@pytest.mark.slow
def test_respike_key_frames_fit_the_published_total_with_one_attention_share() -> None:
    """Table 2: what is left for the attention is the same 4.8 to 4.9 G at every depth."""
    run = run_recipe("respike-table2", group="operations")
    left = [(row.published[1] or 0) - (row.measured[1] or 0) for row in run.rows]
    assert len(left) == 4
    assert left == pytest.approx([4.8] * 4, abs=0.2)


@pytest.mark.slow
def test_sdm_operations_and_energies() -> None:
    run = run_recipe("sdm-table3")
    for row in run.rows:
        assert round(row.measured[3] or 0, 3) == row.published[3]
    for name in ("c3d", "i3d", "slowonly", "slowfast"):
        row = row_of(run, name)
        assert round(row.measured[1] or 0, 2) == row.published[1]
        assert row.why.startswith("top-1 %: needs UCF-101")
    assert row_of(run, "timesformer").measured[1] is None


def test_transfer_function_is_the_staircase() -> None:
    """Constant input x for T steps from v = θ/2: θ·min(⌊T·x/θ + 1/2⌋, Tβ)/T, spikes in whole θ (Eq. 11)."""
    run = run_recipe("sdm-fig4")
    inputs = [float(name.removeprefix("x = ")) for name in run.columns]
    settings = {"if": (1.0, 1), "sdm α=0.5 β=1": (0.5, 1), "sdm α=0.5 β=2": (0.5, 2), "sdm α=0.2 β=5": (0.2, 5)}
    assert [row.name for row in run.rows] == list(settings)
    for row in run.rows:
        theta, beta = settings[row.name]
        for x, y in zip(inputs, row.measured):
            assert y == pytest.approx(theta * min(int(4 * x / theta + 0.5 + 1e-6), 4 * beta) / 4, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"recipe": "sdm-tabel1"}, "did you mean 'sdm-table1'"),
        ({"recipe": "sdm-table1", "group": "ucf101"}, "no group 'ucf101'"),
        ({"recipe": "sdm-table1", "T": (1, 1)}, "time step 1 comes twice"),
        ({"recipe": "sdm-fig4", "T": (1,)}, "no columns of time steps"),
    ],
)
def test_bad_input(arguments: dict[str, object], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        run_recipe(**arguments)  # type: ignore[arg-type]


def test_data_free_recipes_take_no_other_network(stand_in: Workspace) -> None:
    with pytest.raises(InputError, match="sdm-fig4 evaluates no network"):
        run_recipe("sdm-fig4", stand_in)
