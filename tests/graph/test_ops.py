"""The table of operations: what one consumer of it knows and another lacks, and operations that users add."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv import InputError, UnsupportedModelError
from snnconv.bench import count
from snnconv.cost.synops import wiring
from snnconv.cost.synops.layers import SUMS
from snnconv.cost.synops.patterns import PATTERNS
from snnconv.cost.synops.walk import MULTIPLIES, NORMS
from snnconv.graph import Op, register_op
from snnconv.graph.op import OPERATIONS, affine_op, analog_kind, names
from snnconv.graph.quantities import rule_of

AFFINE = {name for name in OPERATIONS if affine_op(name)}
# Affine operations that the counter of dense operations does not know: it lists them as not counted.
NOT_COUNTED = (
    "_upsample_bicubic2d_aa _upsample_bilinear2d_aa _upsample_nearest_exact1d _upsample_nearest_exact2d "
    "_upsample_nearest_exact3d addbmm addcdiv addcmul addmv addr affine_grid_generator bilinear col2im cross "
    "cumsum diff inner lerp linalg_cross linalg_vecdot mv outer rsub sum_to_size tensordot upsample_bicubic2d "
    "upsample_bilinear2d upsample_linear1d upsample_nearest1d upsample_nearest2d upsample_nearest3d "
    "upsample_trilinear3d"
)
# Analog operators that are nothing else and are not counted either: the pre-flight lists them without MACs.
ANALOG_NOT_COUNTED = (
    "_fused_rms_norm _log_softmax _softmax abs amax amin aminmax atan cdist clamp_max cos cosh cosine_similarity "
    "cumprod erf exp exp2 expm1 fmax fmin glu group_norm instance_norm kthvalue layer_norm linalg_norm "
    "linalg_vector_norm log log10 log1p log2 log_softmax logsumexp max maximum median min minimum nan_to_num "
    "native_layer_norm norm pairwise_distance pow prod reciprocal rms_norm rsqrt sin sinh softmax sort sqrt "
    "square std std_mean topk var var_mean"
)
# Affine operations that hand on real numbers in place of spikes, for the count of synaptic operations: what reads them
# multiplies.
NO_FAN_OUT = (
    "_unsafe_index_put _upsample_bicubic2d_aa _upsample_bilinear2d_aa _upsample_nearest_exact1d "
    "_upsample_nearest_exact2d _upsample_nearest_exact3d affine_grid_generator bilinear col2im copy "
    "diagonal_scatter diff embedding empty_like fill full_like grid_sampler index_add index_copy index_fill "
    "index_put index_reduce lerp masked_fill new_empty new_full new_ones new_zeros ones_like scatter scatter_add "
    "scatter_reduce select_scatter slice_scatter sum_to_size upsample_bicubic2d upsample_bilinear2d "
    "upsample_linear1d upsample_trilinear3d where zero zeros_like"
)


def test_what_one_consumer_knows_and_another_lacks() -> None:
    assert sorted(name for name in AFFINE if rule_of(name) is None) == NOT_COUNTED.split()
    analog = [name for name in OPERATIONS if analog_kind(name) and name not in AFFINE]
    assert sorted(name for name in analog if rule_of(name) is None) == ANALOG_NOT_COUNTED.split()
    followed = {*PATTERNS, *SUMS, *MULTIPLIES, *NORMS}
    assert sorted(AFFINE - followed) == NO_FAN_OUT.split()
    assert {name for name in {*PATTERNS, *SUMS} if name not in OPERATIONS} == set()
    assert {*PATTERNS, *SUMS} - AFFINE == {"getitem"}


@torch.library.custom_op("snnconv_test::turned", mutates_args=())
def turned(x: Tensor) -> Tensor:
    return x.flip(-1).clone()


@turned.register_fake
def _(x: Tensor) -> Tensor:
    return torch.empty_like(x)


turned.register_autograd(lambda _, gradient: gradient.flip(-1))


class Turning(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(turned(self.first(x).relu()))


@pytest.fixture
def restored() -> Iterator[None]:
    before = dict(OPERATIONS)
    yield
    OPERATIONS.clear()
    OPERATIONS.update(before)


def test_an_operator_of_ones_own(restored: None) -> None:
    """Refused without a row; with one it converts, its spikes are followed, and the counter knows it."""
    x, model = torch.randn(8, 4), Turning().eval()
    with pytest.raises(UnsupportedModelError, match="turned"):
        snnconv.convert(model, data=[x])
    assert count(model, (4,)).unsupported == {"turned": 1}
    register_op(Op("moves", "turned", data="x"))
    snn = snnconv.convert(model, 256, data=[x], method="sdm", alpha=1 / 15, beta=15, threshold="max")
    torch.testing.assert_close(snn(x), snn.ann(x), rtol=0.01, atol=0.01)
    assert count(model, (4,)).unsupported == {}
    (synapse,) = wiring(snn).synapses
    assert (synapse.layer, synapse.fan_out.tolist()) == ("second", [3] * 6)
    assert "turned" in names("moves")
    assert "turned" in PATTERNS


def test_the_last_row_wins(restored: None) -> None:
    register_op(Op("other", "flip", analog="function"))
    assert affine_op("flip") is None
    assert analog_kind("flip") == "function"
    assert "flip" not in names("moves")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"kind": "mvoes", "names": "a"}, "unknown kind of an operation(.|\\n)*moves"),
        ({"kind": "moves", "names": " "}, "has no name"),
        ({"kind": "moves", "names": "a", "analog": "curve"}, "unknown analog"),
        ({"kind": "moves", "names": "a", "counts": "twice"}, "unknown counts"),
    ],
)
def test_a_row_that_says_nothing(row: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Op(**row)  # type: ignore[arg-type]
