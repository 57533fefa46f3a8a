"""Every method in every format: it does what the network does, where it runs, or is refused with its reasons."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import snnconv
from snnconv import InputError, SpikingNetwork, UnsupportedModelError
from snnconv.export import FORMATS, Export, Options, Refusal, export
from snnconv.export.api import compared
from snnconv.methods import METHODS
from snnconv.neurons import IntegrateFire

from ..convert.whole.networks import NETWORKS, trained_like
from ..documents import ROOT
from ..networks import MLP, ResidualNet, SmallCNN

T = 4
QUICK = [("if", "residual", False), ("sdm", "small", False), ("auto", "clips", True), ("auto", "residual", True)]
EVERY = [
    (m, n, w) for m in METHODS for n in ("small", "residual", "clips", "bottleneck", "dense") for w in (False, True)
]


def converted(network: str, method: str, whole: bool, **options: Any) -> SpikingNetwork:
    build, shape = NETWORKS[network]
    x = torch.randn(4, *shape, generator=torch.Generator().manual_seed(1))
    return snnconv.convert(
        trained_like(build), T, data=[x], method=method, weight_bits=8 if whole else "float", **options
    )


@pytest.mark.parametrize(
    ("method", "network", "whole"),
    [*QUICK, *(pytest.param(*case, marks=pytest.mark.slow) for case in EVERY if case not in QUICK)],
)
@pytest.mark.parametrize("to", FORMATS)
def test_it_does_what_the_network_does(to: str, method: str, network: str, whole: bool, tmp_path: Path) -> None:
    try:
        snn = converted(network, method, whole)
    except UnsupportedModelError:
        pytest.skip("no whole numbers")
    target = tmp_path / f"net{FORMATS[to].suffix}"
    if to == "spikingjelly" and find_spec(to) is None:
        pytest.skip("spikingjelly is not installed")
    try:
        result = export(snn, target, to)
    except UnsupportedModelError as refused:
        assert all((refused.got, refused.remedy))  # noqa: PT017
        assert may_refuse(to, snn, network)
        assert not list(tmp_path.rglob("*.*"))  # nothing is left
        return
    assert result is not None
    assert result.holds, result.verdict
    assert len(result.errors) == T
    if whole:
        assert result.largest == 0
        assert "to the bit" in result.verdict
    else:
        assert max(result.errors) < 2e-2
    if to == "c":
        assert result.ran_synops == result.synops
    if to == "nir":
        assert result.ran is not None
        assert set(result.ran) == set(snn.sites)


def may_refuse(to: str, snn: SpikingNetwork, network: str) -> bool:
    """Whether there is a reason: what the table in the README promises is never refused."""
    neurons = snn.sites.values()
    if to == "c":
        fused = all(neuron.fused(torch.zeros(1, max(1, neuron.theta.numel()))) is not None for neuron in neurons)
        return not snn.is_whole or network == "bottleneck" or not fused
    if to in ("nir", "spikingjelly"):
        plain = all(type(neuron) is IntegrateFire for neuron in neurons)
        return not (network == "residual" and plain and not snn.is_whole and not snn.warm_up)
    return to != "onnx" and any(neuron.opening > 1 for neuron in neurons)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_table_of_the_documents(method: str) -> None:
    rows = [line.split("|")[1:-1] for line in (ROOT / "docs/deploy.md").read_text().splitlines() if line[:3] == "| `"]
    table = {row[0].strip(" `"): [cell.strip() for cell in row[1:]] for row in rows}
    assert list(table) == sorted(METHODS)
    found = []
    for to in ("onnx", "onnx-step", "pt2-step", "c", "nir", "spikingjelly"):
        try:
            refused = FORMATS[to]().refusals(converted("residual", method, to == "c"), Options(T=T))
        except UnsupportedModelError:
            refused = [Refusal("", "no whole numbers", "")]
        found.append("–" if refused else "8 bits" if to == "c" else "yes")
    assert table[method] == found


def test_a_divisor_that_the_exporter_drops(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.AvgPool2d(2, divisor_override=3), nn.Flatten())
    snn = snnconv.convert(nn.Sequential(*model, nn.Linear(12, 3)), T, data=[torch.randn(4, 2, 6, 6)], method="if")
    for to in FORMATS:
        check = to != "spikingjelly" or None  # which is not everywhere
        try:
            result = export(snn, tmp_path / f"net{FORMATS[to].suffix}", to, check=check)
        except UnsupportedModelError:
            assert to != "pt2-step"
        else:
            assert result is None or result.holds


@pytest.mark.parametrize("to", ["nir", "onnx-step"])
def test_spikes_of_dyadic_numbers_are_equal(to: str, tmp_path: Path) -> None:
    """Sums of such are exact in every order."""
    model = ResidualNet().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_((parameter * 16).round() / 16)
    x = torch.randint(-8, 8, (4, 2, 6, 6)) / 8
    snn = snnconv.convert(model, T, data=[x], method="if", threshold=lambda _: torch.tensor(0.5))
    result = export(snn, tmp_path / f"net{FORMATS[to].suffix}", to, check=[x])
    assert result is not None
    assert max(result.errors) <= 1e-6
    assert result.ran in (None, result.spikes)


@pytest.mark.parametrize("dialect", ["spec", "sinabs", "spikingjelly"])
def test_dialects(dialect: str, tmp_path: Path) -> None:
    """Chains in all of them, spikes equal in every layer; thresholds of 1 and no groups where that is asked for."""
    import nir

    layers = [nn.Conv2d(2, 4, 3, groups=2), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(4, 4, 1), nn.ReLU(), nn.Flatten()]
    snn = snnconv.convert(nn.Sequential(*layers, nn.Linear(16, 3)), T, data=[torch.randn(8, 2, 6, 6)], method="if")
    result = export(snn, tmp_path / "net.nir", "nir", dialect=dialect)
    assert result is not None
    assert result.ran == result.spikes
    graph = nir.read(str(tmp_path / "net.nir"), type_check=False)
    neurons = [node for node in graph.nodes.values() if isinstance(node, nir.IF)]
    assert {text(node.metadata["reset"]) for node in neurons} == {"subtract"}
    assert all(node.metadata["v0"].shape == node.v_threshold.shape for node in neurons)
    if dialect != "spec":
        assert all((node.v_threshold == 1).all() for node in neurons)
        assert all(node.groups == 1 for node in graph.nodes.values() if isinstance(node, nir.Conv2d))
    if dialect == "sinabs":
        with pytest.raises(UnsupportedModelError, match="no form in nir"):
            export(converted("residual", "if", False), tmp_path / "other.nir", "nir", dialect=dialect)


def text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def test_every_reason_is_told_at_once(tmp_path: Path) -> None:
    snn = converted("small", "sdm", False)
    with pytest.raises(UnsupportedModelError) as refused:
        export(snn, tmp_path / "net.nir", "nir")
    assert all(site in str(refused.value) for site in snn.sites)
    assert "RunningSum" in str(refused.value)
    assert "--method if" in str(refused.value)
    assert "--maxpool avg" in str(refused.value)
    with pytest.raises(UnsupportedModelError, match="no form in c") as refused:
        export(snn, tmp_path / "net", "c")
    assert "--weight-bits 8" in str(refused.value)


def test_refuses(tmp_path: Path) -> None:
    snn = converted("small", "if", False)
    with pytest.raises(InputError, match="unknown format 'onx'"):
        export(snn, tmp_path / "a", "onx")
    with pytest.raises(InputError, match="no option 'dialect'"):
        export(snn, tmp_path / "a.onnx", "onnx", dialect="spec")
    with pytest.raises(InputError, match="no such dialect"):
        export(snn, tmp_path / "a.nir", "nir", dialect="norse")
    (tmp_path / "there.pt2").write_text("mine")
    with pytest.raises(InputError, match="exists"):
        export(snn, tmp_path / "there.pt2", "pt2-step")
    assert (tmp_path / "there.pt2").read_text() == "mine"


def test_the_c_program_is_clean(tmp_path: Path) -> None:
    """No warning, no undefined behaviour, no access beyond memory; of pixels as of levels."""
    snn = snnconv.convert(SmallCNN().eval(), T, data=[torch.rand(8, 2, 6, 6)], method="auto", weight_bits=8)
    snn.plan.normalization = {"mean": [0.25, 0.5], "std": [0.5, 0.25]}
    export(snn, tmp_path / "net", "c", check=None)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsanitize=undefined,address"]
    files = [tmp_path / "net/net.c", tmp_path / "net/main.c"]
    subprocess.run(["cc", *flags, *files, "-o", tmp_path / "run"], check=True)
    pixels = torch.randint(0, 256, (20, 2, 6, 6), dtype=torch.uint8)
    (tmp_path / "pixels.raw").write_bytes(pixels.numpy().tobytes())
    done = subprocess.run([tmp_path / "run", "-p", tmp_path / "pixels.raw"], capture_output=True, text=True, check=True)
    assert not done.stderr
    mean, std = (torch.tensor(snn.plan.normalization[key]).view(2, 1, 1) for key in ("mean", "std"))
    wanted = snn((pixels.float() / 255 - mean) / std).argmax(1).tolist()
    assert [int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("class")] == wanted
    assert "float" not in "".join(file.read_text().replace("no floats", "") for file in files)
    assert "malloc" not in files[0].read_text()
    nothing = subprocess.run([tmp_path / "run"], capture_output=True, text=True, check=False)
    assert (nothing.returncode, nothing.stderr[:6]) == (2, "usage:")


def test_programs_need_no_snnconv(tmp_path: Path) -> None:
    snn = snnconv.convert(MLP().eval(), T, data=[torch.randn(4, 6)], method="sdm-zero")
    x = torch.randn(3, 6)
    export(snn, tmp_path / "net.pt2", "pt2-step", check=None)
    np.save(tmp_path / "x.npy", x.numpy())
    code = (
        "import sys, numpy as np, torch; sys.modules['snnconv'] = None\n"
        "step, begin = (torch.export.load(name).module() for name in ('net.pt2', 'net.init.pt2'))\n"
        "x = torch.tensor(np.load('x.npy')); state, total = begin(x), 0\n"
        f"for t in range({T}):\n    output, *state = step(x, *state); total = total + output\n"
        f"np.save('y.npy', (total / {T}).numpy())"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert torch.allclose(torch.tensor(np.load(tmp_path / "y.npy")), snn(x), atol=1e-6)


def test_what_files_say_of_themselves(tmp_path: Path) -> None:
    import onnxruntime

    snn = converted("small", "sdm", False)
    result = export(snn, tmp_path / "net.onnx", "onnx", T=2)
    assert result is not None
    told = onnxruntime.InferenceSession(tmp_path / "net.onnx").get_modelmeta().custom_metadata_map
    assert (told["T"], told["method"], json.loads(told["settings"])["alpha"]) == (
        "2",
        "sdm",
        snn.plan.settings["alpha"],
    )
    result.to_json(tmp_path / "export.json")
    assert Export.load(tmp_path) == result
    result.plot(tmp_path / "export.png")
    assert (tmp_path / "export.png").stat().st_size > 1000


def test_what_does_something_else_is_told(tmp_path: Path) -> None:
    """The file of one network beside another: the check can fail."""
    first, second = (converted("small", "sdm-zero", True, alpha=alpha) for alpha in (0.5, 0.25))
    export(first, tmp_path / "net.pt2", "pt2-step", check=None)
    found = compared(second, FORMATS["pt2-step"](), "pt2-step", tmp_path / "net.pt2", T, None, 4, 0, {})
    assert not found.holds
    assert "NOT equal" in found.verdict


def test_outputs_of_zeros_show_nothing(tmp_path: Path) -> None:
    model = MLP().eval()
    with torch.no_grad():
        for parameter in list(model.parameters())[-2:]:
            parameter.zero_()
    snn = snnconv.convert(model, T, data=[torch.randn(4, 6)], method="if", threshold=lambda _: torch.tensor(1.0))
    result = export(snn, tmp_path / "net.pt2", "pt2-step")
    assert result is not None
    assert "every output of the network is 0" in result.verdict


def test_labels_give_accuracies(tmp_path: Path) -> None:
    snn = converted("residual", "if", False)
    x = torch.randn(8, *snn.plan.input_shapes[0])
    result = export(snn, tmp_path / "net.onnx", "onnx", check=[(x, snn(x).argmax(1))], samples=8)
    assert result is not None
    assert (result.accuracy["snn"], result.accuracy["exported"]) == (1.0, 1.0)
    assert result.accuracy["ann"] == float((snn.ann(x).argmax(1) == snn(x).argmax(1)).double().mean())
    unlabelled = export(snn, tmp_path / "net.onnx", "onnx", check=[x], overwrite=True)
    assert unlabelled is not None
    assert not unlabelled.accuracy


def test_free_sizes_stay_free(tmp_path: Path) -> None:
    import onnxruntime

    layers = [nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)]
    snn = snnconv.convert(nn.Sequential(*layers).eval(), T, data=[torch.randn(4, 2, 8, 8)], method="sdm-zero")
    export(snn, tmp_path / "net.onnx", "onnx")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    for size in ((8, 8), (5, 11)):
        x = torch.randn(3, 2, *size)
        assert np.allclose(session.run(None, {"x": x.numpy()})[0], snn(x).numpy(), atol=1e-5)


@pytest.mark.slow
def test_compiled_steps(tmp_path: Path) -> None:
    result = export(converted("residual", "sdm", False), tmp_path / "net.pt2", "pt2-step", compiled=True)
    assert result is not None
    assert max(result.errors) < 1e-4


def test_compiled_steps_of_whole_numbers_are_refused(tmp_path: Path) -> None:
    """Inductor rounds otherwise: spikes are others from the first site on."""
    with pytest.raises(UnsupportedModelError, match="without --compiled"):
        export(converted("residual", "sdm", True), tmp_path / "net.pt2", "pt2-step", compiled=True)
    assert not list(tmp_path.iterdir())
