"""NIR files elsewhere: where potentials begin, and what other software makes of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch
from torch import nn

import snnconv
from snnconv import InputError, SpikingNetwork
from snnconv.export import export
from snnconv.export.nir.agreement import run_everywhere
from snnconv.export.nir.charge import charge_by_bias

from .test_formats import T, converted

PEERS = ["sinabs", "spikingjelly"]
HOW = "pip install --no-deps sinabs nirtorch spikingjelly, and what they import"


def chain(method: str = "if") -> SpikingNetwork:
    layers = [nn.Conv2d(2, 4, 3, groups=2), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(4, 4, 1), nn.ReLU(), nn.Flatten()]
    model = nn.Sequential(*layers, nn.Linear(16, 3)).eval()
    return snnconv.convert(model, T, data=[torch.randn(8, 2, 6, 6)], method=method)


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("v0", ["state", "bias"])
def test_other_software_sends_the_same_spikes(name: str, v0: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed ({HOW})")
    export(chain(), tmp_path / "net.nir", "nir", dialect=name, v0=v0, check=None)
    found = run_everywhere(tmp_path / "net.nir")
    assert found.compared == 1
    assert not found.differing


def test_a_module_of_spikingjelly(tmp_path: Path) -> None:
    if importlib.util.find_spec("spikingjelly") is None:
        pytest.skip(f"spikingjelly is not installed ({HOW})")
    for network in (chain(), converted("residual", "if", False), converted("residual", "qcfs", False)):
        result = export(network, tmp_path / "net.py", "spikingjelly", overwrite=True)
        assert result is not None
        assert max(result.errors) < 1e-5


def test_the_text_of_a_module_is_python(tmp_path: Path) -> None:
    """Also where SpikingJelly is not there to run it: its layers and its weights fit together."""
    export(converted("residual", "if", False), tmp_path / "net.py", "spikingjelly", check=None)
    text = (tmp_path / "net.py").read_text()
    compile(text, "net.py", "exec")
    weights = torch.load(tmp_path / "net.pt", weights_only=True)
    made = {line.split("self.")[1].split(" = ")[0] for line in text.splitlines() if " = nn." in line}
    assert {name.rpartition(".")[0] for name in weights if "." in name} <= made
    assert text.count("neuron.IFNode(v_threshold=1.0, v_reset=None)") == 4


@pytest.mark.parametrize("method", ["if", "opt", "rts"])
def test_charge_by_bias(method: str, tmp_path: Path) -> None:
    """Neurons begin at 0 and have the same charge after T steps."""
    snn = chain(method)
    charged, x = charge_by_bias(snn, T), torch.randn(64, 2, 6, 6)
    for one, other in zip(snn.sites.values(), charged.sites.values(), strict=True):
        zeros = torch.zeros(1, 4, 1, 1)
        assert not other.start_of(zeros).any()
        before = 0 if one.offset_of(zeros) is None else one.offset_of(zeros)
        more = zeros + (other.offset_of(zeros) - before)
        torch.testing.assert_close(more * T, zeros + one.start_of(zeros))
    result = export(snn, tmp_path / "net.nir", "nir", v0="bias")
    assert result is not None
    assert result.ran == result.spikes
    assert "v(0)/4" in result.notes["told"]
    assert float((charged(x) - snn(x)).norm() / snn(x).norm()) < 0.5


def test_run_everywhere(tmp_path: Path) -> None:
    export(chain(), tmp_path / "net.nir", "nir", check=None)
    found = run_everywhere(tmp_path / "net.nir", samples=3)
    own, *others = found.runs
    assert (found.T, found.samples, len(own.spikes or {})) == (T, 3, 2)
    assert all(run.skipped for run in others)  # missing, or the file is for no importer
    (tmp_path / "other.nir").write_text("none")
    with pytest.raises(InputError, match="no NIR file"):
        run_everywhere(tmp_path / "other.nir")
    with pytest.raises(InputError, match="another shape"):
        run_everywhere(tmp_path / "net.nir", data=[torch.randn(2, 3, 6, 6)])
    with pytest.raises(InputError, match="no such way to begin"):
        export(chain(), tmp_path / "b.nir", "nir", v0="zero")
