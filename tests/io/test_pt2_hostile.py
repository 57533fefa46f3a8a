"""Hostile `.pt2` files are refused before anything in them runs; where it can be shown, the same file does run code
under plain `torch.export.load`, so that a test that proves nothing fails."""

from __future__ import annotations

import contextlib
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from snnconv.errors import InputError, UnsafeFileError
from snnconv.io import load_program

from .hostile import Edit, Payload, code_for, edit_json, pickle_of, rewrite, save_net

WEIGHTS_TABLE = "data/weights/model_weights_config.json"


@pytest.fixture(scope="module")
def benign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_net(tmp_path_factory.mktemp("benign") / "net.pt2")


@pytest.fixture
def sentinel(tmp_path: Path) -> Path:
    return tmp_path / "sentinel"


def graph(model: dict[str, Any]) -> dict[str, Any]:
    return model["graph_module"]["graph"]


def sample_inputs(sentinel: Path) -> Edit:
    def edit(members: dict[str, bytes]) -> None:
        members["data/sample_inputs/model.pt"] = pickle_of(((Payload(sentinel),), {}))

    return edit


def pickled_weight(sentinel: Path) -> Edit:
    def edit(members: dict[str, bytes]) -> None:
        table = json.loads(members[WEIGHTS_TABLE])
        entry = table["config"]["conv.bias"]
        entry["use_pickle"] = True
        members[f"data/weights/{entry['path_name']}"] = pickle_of(Payload(sentinel))
        members[WEIGHTS_TABLE] = json.dumps(table).encode()

    return edit


def expression(sentinel: Path) -> Edit:
    def change(model: dict[str, Any]) -> None:
        sizes = next(meta["sizes"] for name, meta in graph(model)["tensor_values"].items() if name == "x")
        sizes[0]["as_expr"]["expr_str"] = f"Symbol('s77') + 0*int({code_for(sentinel)} is None)"

    return edit_json(change)


def hint(sentinel: Path) -> Edit:
    """A list of texts where a text belongs: sympify would evaluate those too."""

    def change(model: dict[str, Any]) -> None:
        sizes = graph(model)["tensor_values"]["x"]["sizes"]
        sizes[0]["as_expr"]["expr_str"] = [code_for(sentinel)]

    return edit_json(change)


def input_name(sentinel: Path) -> Edit:
    """An input's name is pasted into the source of `forward`, where it can bring a default value that runs."""

    def change(model: dict[str, Any]) -> None:
        name = f"x={code_for(sentinel)}"
        model.update(json.loads(json.dumps(model).replace('"x"', json.dumps(name))))

    return edit_json(change)


def enum_in_spec(sentinel: Path) -> Edit:
    """An enum in a pytree spec makes torch import its module."""
    (sentinel.parent / "hostile_enum.py").write_text(code_for(sentinel))

    def change(model: dict[str, Any]) -> None:
        context = json.dumps([{"__enum__": True, "fqn": "hostile_enum:X", "name": "Y"}])
        signature = model["graph_module"]["module_call_graph"][0]["signature"]
        spec = json.loads(signature["out_spec"])
        spec[1] = {"type": "builtins.dict", "context": context, "children_spec": [spec[1]]}
        signature["out_spec"] = json.dumps(spec)

    return edit_json(change)


def guards(sentinel: Path) -> Edit:
    return edit_json(lambda model: model.update(guards_code=[f"L['x'].size()[0] or {code_for(sentinel)}"]))


LOADS = [sample_inputs, pickled_weight, expression, input_name, enum_in_spec]


@pytest.mark.parametrize("attack", [*LOADS, hint, guards])
def test_refused_and_nothing_runs(attack: Any, benign: Path, tmp_path: Path, sentinel: Path) -> None:
    hostile = rewrite(benign, tmp_path / "hostile.pt2", attack(sentinel))
    with pytest.raises(UnsafeFileError, match=r"could run code[\s\S]*hostile\.pt2[\s\S]*--trust"):
        load_program(hostile)
    assert not sentinel.exists()


@pytest.mark.parametrize("attack", LOADS)
def test_control_torch_runs_it(
    attack: Any, benign: Path, tmp_path: Path, sentinel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The payloads are live: without the check, each creates the sentinel (if not, the test above proves nothing)."""
    monkeypatch.syspath_prepend(str(tmp_path))
    hostile = rewrite(benign, tmp_path / "hostile.pt2", attack(sentinel))
    with contextlib.suppress(InputError):  # whether the rest of the file still loads does not matter
        load_program(hostile, trust=True)
    assert sentinel.exists()


def test_control_guards_run_when_asked_for(benign: Path, tmp_path: Path, sentinel: Path) -> None:
    code = f"{code_for(sentinel)} is None"
    hostile = rewrite(benign, tmp_path / "hostile.pt2", edit_json(lambda model: model.update(guards_code=[code])))
    program, _ = load_program(hostile, trust=True)
    assert not sentinel.exists()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program.module()(torch.randn(2, 3, 8, 8))
    assert sentinel.exists()


def test_the_old_layout_is_refused(benign: Path, tmp_path: Path, sentinel: Path) -> None:
    hostile = tmp_path / "old.pt2"
    with zipfile.ZipFile(benign) as archive:
        program = archive.read("net/models/model.json")
    with zipfile.ZipFile(hostile, "w") as archive:
        archive.writestr("version", "8.8")
        archive.writestr("serialized_exported_program.json", program)
        for name in ("state_dict", "constants", "example_inputs"):
            archive.writestr(f"serialized_{name}.pt", pickle_of(Payload(sentinel)))
    with pytest.raises(UnsafeFileError, match="old layout"):
        load_program(hostile)
    assert not sentinel.exists()
    with pytest.raises(InputError):  # the control: torch unpickles it, and only then finds no constants in it
        load_program(hostile, trust=True)
    assert sentinel.exists()


@pytest.mark.parametrize(
    ("member", "found"),
    [
        ("data/aotinductor/model/evil.so", "compiled code"),
        ("data/aotinductor/model/wrapper.cpp", "compiled code"),
        ("data/constants/custom_obj_0", "custom object"),
        ("data/constants/opaque_obj_0", "custom object"),
        ("data/weights/model.pt", "old layout"),
        ("data/constants/model.pt", "old layout"),
        ("models/other.json", "more than one program"),
        ("data/executorch/program.pte", "unknown member"),
        ("version", "unknown"),
        ("../outside", "unknown"),
    ],
)
def test_strange_members_are_refused(member: str, found: str, benign: Path, tmp_path: Path) -> None:
    hostile = rewrite(benign, tmp_path / "hostile.pt2", lambda members: members.update({member: b"\x7fELF"}))
    with pytest.raises(UnsafeFileError, match=found):
        load_program(hostile)


def test_a_second_member_of_the_same_name_is_refused(benign: Path, tmp_path: Path) -> None:
    hostile = rewrite(benign, tmp_path / "hostile.pt2", lambda members: None)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(hostile, "a") as archive:
        archive.writestr("archive/models/model.json", "{}")
    with pytest.raises(UnsafeFileError, match="share a name"):
        load_program(hostile)


def test_a_zip_bomb_is_refused(benign: Path, tmp_path: Path) -> None:
    def edit(members: dict[str, bytes]) -> None:
        members["data/weights/weight_0"] = bytes(64 * 2**20)

    bomb = rewrite(benign, tmp_path / "bomb.pt2", edit, zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match="unpack to far more"):
        load_program(bomb)


def set_target(target: str) -> Edit:
    return edit_json(lambda model: graph(model)["nodes"][-1].update(target=target))


def set_metadata(model: dict[str, Any]) -> None:
    graph(model)["nodes"][0]["metadata"]["source_fn_stack"] = "x,torch.__loader__.load_module"


def set_weight_name(model: dict[str, Any]) -> None:
    parameter = model["graph_module"]["signature"]["input_specs"][0]["parameter"]
    parameter["parameter_name"] = 'a") or print("b'


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (set_target("torch.hub.load"), "operator"),
        (set_target("torch.ops.aten.from_file.default"), "operator"),
        (set_target("torch.ops.aten.relu.__class__"), "operator"),
        (set_target("torch.ops.aten.relu.overloads"), "operator"),
        (set_target("torch.ops.higher_order.triton_kernel_wrapper_mutation"), "operator"),
        (set_target("_operator.attrgetter"), "operator"),
        (set_target("#evil:op"), "operator"),
        (edit_json(set_metadata), "source function"),
        (edit_json(set_weight_name), "quotes"),
        (edit_json(lambda model: model.update(range_constraints={"u99999999": {"min_val": 0}})), "symbol"),
        (edit_json(lambda model: model.update(range_constraints={"s0": {"min_val": "1+1"}})), "min_val"),
        (
            edit_json(lambda model: graph(model).update(custom_obj_values={"o": {"name": "o", "class_fqn": "C"}})),
            "custom",
        ),
        (edit_json(lambda model: graph(model)["inputs"].append({"as_string": "'"})), "quotes"),
        (edit_json(lambda model: model.update(graph_module=[])), "GraphModule"),
        (edit_json(lambda table: table["config"]["conv.bias"].update(path_name="weight_99"), WEIGHTS_TABLE), "not in"),
    ],
)
def test_what_torch_would_not_write_is_refused(edit: Edit, found: str, benign: Path, tmp_path: Path) -> None:
    with pytest.raises(UnsafeFileError, match=found):
        load_program(rewrite(benign, tmp_path / "hostile.pt2", edit))


def test_a_blank_tensor_of_any_size_is_refused(benign: Path, tmp_path: Path) -> None:
    def edit(members: dict[str, bytes]) -> None:
        table = json.loads(members[WEIGHTS_TABLE])
        entry = table["config"]["conv.bias"]
        entry["tensor_meta"]["sizes"] = [{"as_int": 2**40}]
        members[f"data/weights/{entry['path_name']}"] = b""
        members[WEIGHTS_TABLE] = json.dumps(table).encode()

    with pytest.raises(InputError, match=r"conv\.bias': tensors of 4,398,046,511,536 bytes, where the file justifies"):
        load_program(rewrite(benign, tmp_path / "hostile.pt2", edit))


@pytest.mark.parametrize(
    "guard",
    [
        'L[" + exec(bytes([49])) + "].size()[0] > 0',
        "L['x'].evil() > 0",
        "L['x'].size()[0] > open(0)",
        "L.x",
        "(lambda: 1)()",
        "[i for i in L['x'].size()]",
        "x := 1",
    ],
)
def test_guards_that_are_no_comparison_of_sizes(guard: str, benign: Path, tmp_path: Path) -> None:
    edit = edit_json(lambda model: model.update(guards_code=[guard]))
    with pytest.raises(UnsafeFileError):
        load_program(rewrite(benign, tmp_path / "hostile.pt2", edit))


@pytest.mark.parametrize(
    "expression",
    [
        "Symbol('__import__')",
        "Integer('1')",
        "sympify('1')",
        "Symbol('s0').__class__",
        "Function('f')(Symbol('s0'))",
        "s0[0]",
        "9**9**9**9",
        "Pow(Integer(9), Pow(Integer(9), Integer(99)))",
        "Float('1.5', precision=1000000000)",
        "Symbol('s0', **{})",
        "Add(*s0)",
        "f's0'",
        "lambda: 0",
        "s0 if",
        "Symbol(name='s0')",
        "s0" + "+s0" * 10_000,
    ],
)
def test_expressions_that_are_no_sizes(expression: str, benign: Path, tmp_path: Path) -> None:
    def change(model: dict[str, Any]) -> None:
        graph(model)["tensor_values"]["x"]["sizes"][0]["as_expr"]["expr_str"] = expression

    with pytest.raises(UnsafeFileError):
        load_program(rewrite(benign, tmp_path / "hostile.pt2", edit_json(change)))


def test_keys_of_sample_inputs_cannot_end_a_quotation(benign: Path, tmp_path: Path) -> None:
    def edit(members: dict[str, bytes]) -> None:
        members["data/sample_inputs/model.pt"] = pickle_of((({"a'\"": torch.ones(1)},), {}))

    with pytest.raises(UnsafeFileError, match="quotes"):
        load_program(rewrite(benign, tmp_path / "hostile.pt2", edit))


def test_metadata_are_no_code_under_debugging_aids_either(
    benign: Path, tmp_path: Path, sentinel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(model: dict[str, Any]) -> None:
        for node in graph(model)["nodes"]:
            node["metadata"]["stack_trace"] = f"""File \"x\"\n\"\"\"\n    {code_for(sentinel)}\n    \"\"\""""

    monkeypatch.setenv("FX_GRAPH_SHOW_META", "1")
    hostile = rewrite(benign, tmp_path / "hostile.pt2", edit_json(change))
    with pytest.raises(InputError, match="unset FX_GRAPH_SHOW_META"):
        load_program(hostile)
    assert not sentinel.exists()
