"""Every kind of network that was reported as failing: converts, runs, and comes back from its file, or says why not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import snnconv
from snnconv import METHODS, InputError, UnsupportedModelError
from snnconv.verification import verify

from .reported import NETWORKS, REFUSED, REPORTED, sample_of

LIMIT = 0.01  # of the error at T = 64 with verify's fine settings


def network(name: str) -> tuple[nn.Module, torch.Tensor]:
    kind, shape = NETWORKS[name]
    torch.manual_seed(0)
    return kind().eval(), sample_of(kind, shape)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [kind.__name__ for kind in REPORTED])
def test_every_method(name: str, method: str, tmp_path: Path) -> None:
    model, x = network(name)
    snn = snnconv.convert(model, 4, data=[x], method=method)
    out = snn(x)
    assert out.shape == model(x).shape
    assert bool(out.isfinite().all())
    snn.save(tmp_path / "snn.pt2")
    assert torch.equal(snnconv.load(tmp_path / "snn.pt2")(x), out)


@pytest.mark.parametrize("name", NETWORKS)
def test_verify(name: str) -> None:
    """The error falls about as 1/T: to a hundredth at T = 64, and far below where it began."""
    model, x = network(name)
    result = verify(model, [x], T=64)
    assert result.held, [check for check in result.checks if not check.held]
    assert result.snn_error[64] < LIMIT
    assert result.snn_error[64] < max(result.snn_error[1] / 8, 1e-5)


@pytest.mark.parametrize("kind", REFUSED)
def test_refused(kind: type[nn.Module]) -> None:
    shape, reason = REFUSED[kind]
    with pytest.raises((InputError, UnsupportedModelError), match=reason) as caught:
        snnconv.convert(kind().eval(), 4, data=[sample_of(kind, shape)])
    words = str(caught.value)
    assert "remedy" in words
    assert "eval mode" not in words
    assert "data-dependent" not in words
