"""Running recipes: what needs no data gives the published figures, what cannot run says why."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from snnconv import InputError, clip, convert
from snnconv.bench import Robustness, robustness, sweep
from snnconv.bench.diagnose import diagnose
from snnconv.bench.papers import PaperRow, PaperRun, Workspace, find_recipe, listing, recipes, run_recipe
from snnconv.bench.papers.data_sets import DATA_SETS, DataSet
from snnconv.bench.papers.library import FOLDER
from snnconv.cli.recipes import weights_by_group
from snnconv.convert.clip import clips_of
from snnconv.data import DATA_SOURCES, open_data
from snnconv.io.clip_file import save_clipped
from snnconv.io.factory import build
from snnconv.methods import METHODS
from snnconv.models import fashion_cnn

DATA_FREE = ("count", "parameters", "energy", "arithmetic", "transfer")


def row_of(run: PaperRun, name: str, group: str = "") -> PaperRow:
    return next(row for row in run.rows if (row.group, row.name) == (group, name))


# what runs anywhere


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


# what cannot run


UNCOUNTED = sorted(set(recipes()) - {"sdm-table3", "respike-table2", "respike-table3"})  # these are quick


@pytest.mark.parametrize("name", UNCOUNTED)
def test_nothing_is_made_up(name: str) -> None:
    """With no data here, only cells that need none have values; every other row says why."""
    recipe = recipes()[name]
    run = run_recipe(name)
    for row in run.rows:
        for column, value in zip(recipe.columns, row.measured):
            assert value is None or column.measure in DATA_FREE
        assert row.why or None not in row.measured
    assert run.other == ""


def test_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(METHODS._entries, "opt")
    run = run_recipe("sdm-table1", group="ucf101/slowfast")
    assert row_of(run, "opt", "ucf101/slowfast").why.startswith("method opt is not there yet; needs UCF-101")
    assert row_of(run, "sdm α=0.2 β=5", "ucf101/slowfast").why.startswith("needs UCF-101")
    svformer = row_of(run_recipe("svformer-table2"), "no noise", "ucf101")
    assert svformer.why.startswith("needs UCF-101 (--data-root DIR); needs trained weights")
    cifar = row_of(run_recipe("sdm-table4", group="cifar10/vgg16"), "sdm α=0.5 β=2", "cifar10/vgg16")
    assert cifar.why == "needs CIFAR-10 (--data-root DIR); needs trained weights (--weights cifar10/vgg16=FILE)"


def test_rows_with_networks_of_their_own_take_their_own_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    why = row_of(run_recipe("svformer-table3"), "plif to lif", "ucf101").why
    assert why.endswith("needs trained weights (--weights ucf101/plif to lif=FILE)")
    base, lif = (row for row in find_recipe("svformer-table3").rows if row.name in ("base", "plif to lif"))
    work = Workspace(weights={"ucf101/plif to lif": "lif.pth", "ucf101": "all.pth"})
    assert (work.weights_of(base), work.weights_of(lif)) == ("all.pth", "lif.pth")
    given = ["frames/all 16 frames=a=b.pth", "network=c.pth"]
    found = weights_by_group(find_recipe("respike-table4"), None, given)
    assert found == {"frames/all 16 frames": "a=b.pth", "network": "c.pth"}
    assert weights_by_group(find_recipe("respike-fig5"), None, ["ucf101/s=2=w"]) == {"ucf101/s=2": "w"}
    with pytest.raises(InputError, match="GROUP/ROW=FILE"):
        weights_by_group(find_recipe("respike-fig5"), None, ["w.pth"])


def test_what_nothing_given_would_help_is_the_only_reason() -> None:
    run = run_recipe("svformer-table1", group="dvs128gesture")
    assert row_of(run, "convnet_plif", "dvs128gesture").why == "a figure of other work, with no network here"


ABLATIONS = {
    "key frames only": (4, 0), "residual frames only": (0, 12), "key and residual frames": (4, 12),
    "all 16 frames": (16, 0), "ANN only": (16, 0), "SNN only": (0, 16), "hybrid without cross-attention": (4, 12),
    "hybrid with cross-attention": (4, 12),
}  # fmt: skip


@pytest.mark.parametrize("name", ABLATIONS)
def test_ablations_of_respike_see_the_frames_they_name(name: str) -> None:
    """Frames of a clip of 16 that the ANN and that the spiking branch computes, and whether they are fused."""
    row = next(row for row in find_recipe("respike-table4").rows if row.name == name)
    frames = {"ann.stem": 0, "snn.stem": 0}
    with torch.device("meta"):
        network = build(row.network or "", num_classes=row.classes, arch_args=row.arch)
        for stem in frames.keys() & dict(network.named_modules()).keys():
            network.get_submodule(stem).register_forward_pre_hook(
                lambda _, args, stem=stem: frames.update({stem: len(args[0])})
            )
        assert network(torch.rand(1, 3, 16, 64, 64)).shape == (1, 101)
    assert tuple(frames.values()) == ABLATIONS[name]
    fused = any("cross_attention" in part for part, _ in network.named_modules())
    assert fused == (name in ("key and residual frames", "hybrid with cross-attention"))


def test_all_ablations_are_there() -> None:
    assert [row.name for row in find_recipe("respike-table4").rows] == list(ABLATIONS)


def test_reasons_are_found_by_looking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A method, a reader or a folder that comes later takes its reason away."""
    work = Workspace(data_root=tmp_path, weights={"": "w.pth"})

    def why(name: str) -> str:
        return row_of(run_recipe("sdm-table1", work, group="ucf101/slowfast"), name, "ucf101/slowfast").why

    with monkeypatch.context() as before:
        before.delitem(DATA_SOURCES._entries, "ucf101")
        before.delitem(METHODS._entries, "opt")
        assert why("opt") == "method opt is not there yet; needs UCF-101, and there is no reader for it yet"
    with monkeypatch.context() as before:
        before.delitem(DATA_SOURCES._entries, "ucf101")
        assert why("opt") == "needs UCF-101, and there is no reader for it yet"
    assert why("opt") == f"needs UCF-101, which is not in {tmp_path}"


def test_listing() -> None:
    found = {entry.name: entry for entry in listing()}
    assert set(found) == set(recipes())
    assert found["sdm-fig4"].here == found["svformer-energy"].here == "yes"
    assert found["sdm-table1"].here.startswith("no: needs UCF-101")
    assert found["respike-table3"].here == "yes"
    assert found["respike-table4"].here.startswith("no: needs UCF-101")
    assert found["svformer-table1"].here.startswith("in part (8 of 52 figures): needs UCF-101")
    assert found["sdm-table2"].place == "You et al., Table II"


# another network, and published ones with their data


@pytest.fixture(scope="module")
def stand_in() -> Workspace:
    test, train = open_data("fashion:test", limit=40), open_data("fashion:train", limit=64)
    return Workspace(model=fashion_cnn(pretrained=True), about="fashion_cnn", data=test, calib=train, limit=40)


def test_another_network_runs_the_settings(stand_in: Workspace) -> None:
    run = run_recipe("sdm-table2", stand_in, T=(2, 16))
    assert run.other == "fashion_cnn on fashion:test"
    assert run.columns == ["ANN", "T=2", "T=16"]
    assert run.steps == [None, 2, 16]
    assert not any(row.why for row in run.rows)
    for row, settings in ((row_of(run, "M", "ucf101/slowfast"), (1.0, 1, 0)), (run.rows[-1], (0.5, 2, 1))):
        alpha, beta, down = settings
        snn = convert(
            fashion_cnn(pretrained=True), 16, data=stand_in.calib, method="sdm", alpha=alpha, beta=beta, down_limit=down
        )
        assert stand_in.data is not None
        direct = sweep(snn, stand_in.data, (2, 16))
        assert row.measured == pytest.approx([direct.ann_accuracy, *(found.accuracy for found in direct.rows)])
    assert run.rows[-1].published == [None, None, 92.31]


def test_methods_that_are_missing_stay_missing(stand_in: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(METHODS._entries, "opt")
    run = run_recipe("sdm-fig5", stand_in, T=(1,))
    assert {row.group for row in run.rows} == {"ucf101/slowonly"}
    opt, *others = run.rows
    assert (opt.measured, opt.why) == ([None, None], "method opt is not there yet")
    assert all(row.measured[1] is not None and not row.why for row in others)


def test_bias_is_that_of_the_diagnosis(stand_in: Workspace, tmp_path: Path) -> None:
    work = Workspace(**{**vars(stand_in), "folder": tmp_path})
    row = row_of(run_recipe("sdm-fig1", work), "sdm", "ucf101/resnet3d50")
    snn = convert(fashion_cnn(pretrained=True), 16, data=stand_in.calib, method="sdm")
    assert stand_in.data is not None
    biases = [site.relative_bias or 0 for site in diagnose(snn, stand_in.data).sites]
    assert row.measured == pytest.approx([sum(biases) / len(biases), max(biases), biases[-1]])
    assert (tmp_path / "ucf101-resnet3d50-sdm" / "diagnose.json").exists()


def test_robustness_of_another_network(stand_in: Workspace, tmp_path: Path) -> None:
    """The network as it is, under the noise of every row; rows and the measurement itself are kept."""
    work = Workspace(**{**vars(stand_in), "folder": tmp_path})
    run = run_recipe("svformer-table2", work)
    assert stand_in.data is not None
    direct = robustness(fashion_cnn(pretrained=True), stand_in.data)
    assert [row.measured[0] for row in run.rows] == [row.accuracy for row in direct.rows]
    assert [row.why for row in run.rows] == [""] * 7
    assert Robustness.load(tmp_path / "ucf101").rows == direct.rows


RECIPE = """
paper = "Nobody et al., 2020"
title = "Table 0"
what = "the bundled network"
columns = [{ name = "top-1 %", measure = "accuracy" }, { name = "M", measure = "parameters" }]
[[groups]]
name = "bundled"
network = "snnconv:fashion_cnn"
data = "ucf101"
rows = [
    { name = "ann", published = [91.7, 0.17] },
    { name = "if", method = "if", T = 4, published = [nan, nan] },
]
"""


def test_a_published_network_with_its_data_and_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundled data in the place of a data set of the papers: ANN, conversion and parameters in one recipe."""
    monkeypatch.setitem(DATA_SETS._entries, "ucf101", DataSet("UCF-101", "fashion:test", "fashion:train"))
    path, weights = tmp_path / "mine.toml", tmp_path / "weights.safetensors"
    path.write_text(RECIPE)
    network = fashion_cnn(pretrained=True)
    save_file(network.state_dict(), weights)
    without = run_recipe(str(path), Workspace(data_root=tmp_path))
    assert without.rows[0].measured == [None, pytest.approx(0.165322)]
    assert without.rows[0].why == "top-1 %: needs trained weights (--weights bundled=FILE)"
    run = run_recipe(str(path), Workspace(data_root=tmp_path, weights={"bundled": str(weights)}, limit=60))
    data, calib = open_data("fashion:test", limit=60), open_data("fashion:train", batch_size=100, limit=512)
    direct = sweep(convert(network, 4, data=calib, method="if"), data, (4,))
    assert run.rows[0].measured[0] == pytest.approx(direct.ann_accuracy)
    assert run.rows[1].measured[0] == pytest.approx(direct.rows[0].accuracy)
    assert (run.other, run.samples) == ("", 60)


METHOD_RECIPES = ("cos", "dcgs", "gn", "ltb", "mt", "qcfs", "snnc")
LONG = {("snnc", "cifar10/vgg16"), ("ltb", "imagenet/resnet34"), ("ltb", "kinetics400/r3d18")}
EACH_GROUP = [
    pytest.param(name, group, marks=pytest.mark.slow if (name, group) in LONG else ())
    for name in METHOD_RECIPES
    for group in recipes()[name].groups
]


@pytest.mark.parametrize(("name", "group"), EACH_GROUP)
def test_recipes_of_methods_run_their_settings(name: str, group: str, stand_in: Workspace) -> None:
    """On another network: every cell is what a conversion with the row's setting and a sweep of it give."""
    recipe, run = recipes()[name], run_recipe(name, stand_in, group=group)
    assert stand_in.data is not None
    for row in run.rows:
        source = next(known for known in recipe.rows if known.key == (row.group, row.name))
        snn = convert(
            fashion_cnn(pretrained=True), max(recipe.steps), data=stand_in.calib, method=source.method or "",
            **source.settings,
        )  # fmt: skip
        direct = sweep(snn, stand_in.data, recipe.steps)
        assert row.measured == pytest.approx([direct.ann_accuracy, *(found.accuracy for found in direct.rows)])
        assert row.why == ""
        assert row.published == list(source.published)


def test_a_recipe_of_a_method_with_data_and_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file as it is but for a smaller network, with random weights, on made-up images in the place of CIFAR-10."""
    path = tmp_path / "qcfs.toml"
    path.write_text((FOLDER / "qcfs.toml").read_text().replace("snnconv:vgg16_cifar", "snnconv:cifar_resnet20"))
    images, labels = np.random.default_rng(0).random((6, 3, 32, 32), dtype=np.float32), np.arange(6)
    np.savez(tmp_path / "cifar.npz", x=images, y=labels)
    source = f"npz:{tmp_path}/cifar.npz"
    monkeypatch.setitem(DATA_SETS._entries, "cifar10", DataSet("CIFAR-10", source, source))
    torch.manual_seed(0)
    network = build("snnconv:cifar_resnet20", num_classes=10).eval()
    save_file(network.state_dict(), tmp_path / "net.safetensors")
    work = Workspace(data_root=tmp_path, weights={"cifar10/vgg16": str(tmp_path / "net.safetensors")})
    (row,) = run_recipe(str(path), work).rows
    direct = sweep(convert(network, 8, data=open_data(source), method="qcfs"), open_data(source), (2, 4, 8))
    assert row.measured == pytest.approx([direct.ann_accuracy, *(found.accuracy for found in direct.rows)])
    assert (row.published, row.why) == ([None, 90.94, 94.01, 95.01], "")


def test_a_network_trained_with_clips_stands_for_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its λ are learned: they are not calibrated."""
    monkeypatch.setitem(DATA_SETS._entries, "ucf101", DataSet("UCF-101", "fashion:test", "fashion:train"))
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE.replace('name = "if", method = "if"', 'name = "qcfs", method = "qcfs"'))
    calib = open_data("fashion:train", limit=64)
    clipped = clip(fashion_cnn(pretrained=True), data=calib, activation="qcfs")
    for site in clips_of(clipped).values():
        site.threshold.data.mul_(0.5)  # no calibration finds these
    save_clipped(clipped, tmp_path / "clipped.pt2")
    run = run_recipe(str(path), Workspace(data_root=tmp_path, weights={"": str(tmp_path / "clipped.pt2")}, limit=60))
    ((images, labels),) = open_data("fashion:test", limit=60)
    for row, network in zip(run.rows, (clipped.eval(), convert(clipped, 4, method="qcfs"))):
        with torch.no_grad():
            right = (network(images).argmax(1) == labels).float().mean()
        assert row.measured[0] == pytest.approx(100 * float(right))


def test_imagenet_is_two_folders_of_pictures(tmp_path: Path) -> None:
    imagenet = DATA_SETS["imagenet"]
    assert imagenet.missing(tmp_path) == f"needs ImageNet, which is not in {tmp_path}"
    for part, size in (("train", (300, 260)), ("val", (256, 512))):
        for number, name in enumerate(("n01440764", "n01443537")):
            folder = tmp_path / "imagenet" / part / name
            folder.mkdir(parents=True)
            Image.new("RGB", size, (0, 0, 255 * number)).save(folder / "picture.png")
    assert imagenet.missing(tmp_path) is None
    for spec in (imagenet.test, imagenet.train):
        ((x, y),) = open_data(spec.format(root=tmp_path))
        assert x.shape == (2, 3, 224, 224)
        assert y.tolist() == [0, 1]
        assert x[:, 2].mean((1, 2)).tolist() == pytest.approx([0.0, 1.0])


# results


def test_results_are_kept_and_resumed(stand_in: Workspace, tmp_path: Path) -> None:
    work = Workspace(**{**vars(stand_in), "folder": tmp_path / "out"})
    run = run_recipe("sdm-table2", work, T=(1, 2))
    kept = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*"))
    assert {f"bench.{kind}" for kind in ("json", "csv", "png", "svg")} <= set(kept)
    assert "ucf101-slowfast/sweep.jsonl" in kept
    loaded = PaperRun.load(tmp_path / "out")
    assert loaded.rows == run.rows
    assert "NaN" not in (tmp_path / "out" / "bench.json").read_text()
    assert len(list(run.table())) == len(json.loads((tmp_path / "out" / "bench.json").read_text())["rows"]) * 3
    again = run_recipe("sdm-table2", work, T=(1, 2))
    assert again.rows == run.rows
    with pytest.raises(InputError, match="results of another recipe"):
        run_recipe("sdm-fig4", Workspace(folder=work.folder))
    run_recipe("sdm-fig4", Workspace(folder=work.folder, overwrite=True))
    assert PaperRun.load(tmp_path / "out").recipe == "sdm-fig4"


@pytest.mark.parametrize("name", ["sdm-fig4", "svformer-energy", "svformer-table3", "respike-table1", "sdm-table4"])
def test_pictures(name: str, tmp_path: Path) -> None:
    """One of each kind; with nothing measured too."""
    run = run_recipe(name)
    for kind in ("png", "svg"):
        run.plot(tmp_path / f"picture.{kind}")
    text = (tmp_path / "picture.svg").read_text()
    assert (run.rows[0].name if name != "respike-table1" else "nothing was both published and measured") in text


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
