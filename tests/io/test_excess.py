"""Small files that ask for much: each is refused before it takes memory or time; what honest files do stays allowed."""

from __future__ import annotations

import io
import json
import pickle
import resource
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from snnconv import convert, inspect, load
from snnconv.errors import InputError
from snnconv.io import load_pickle, load_program, open_model
from snnconv.io.build_within import build_within
from snnconv.io.pt2_expressions import check_expression
from snnconv.io.trained_file import KEY, Origin, save_trained
from snnconv.models import small_cnn3d

from .hostile import MODEL, Edit, edit_json, rewrite, save_net
from .mutations import Call, zipped

GIGABYTE = 2**30
NN = "torch.nn.modules."


@contextmanager
def little_memory() -> Iterator[None]:
    """At most two gigabytes more than now: what takes them ends in another error than is expected."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + 2 * GIGABYTE, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def number(value: int) -> bytes:
    return pickle.LONG1 + bytes([9]) + value.to_bytes(9, "little", signed=True)


def text(value: str) -> bytes:
    return pickle.BINUNICODE + struct.pack("<I", len(value.encode())) + value.encode()


def row(*values: bytes) -> bytes:
    return pickle.MARK + b"".join(values) + pickle.TUPLE


def name(module: str, kind: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{kind}\n".encode()


def call(module: str, kind: str, *arguments: bytes) -> bytes:
    return name(module, kind) + row(*arguments) + pickle.REDUCE


def tensor(length: int, size: tuple[int, ...], stride: tuple[int, ...], offset: int = 0) -> bytes:
    storage = row(text("storage"), name("torch", "FloatStorage"), text("0"), text("cpu"), number(length))
    parts = (storage + pickle.BINPERSID, number(offset), row(*map(number, size)), row(*map(number, stride)))
    return call("torch._utils", "_rebuild_tensor_v2", *parts, pickle.NEWFALSE, call("collections", "OrderedDict"))


def shared(step: bytes) -> bytes:
    """A tuple that holds the one before twice, forty times."""
    made = pickle.EMPTY_TUPLE + pickle.BINPUT + b"\0"
    for level in range(1, 40):
        made += (pickle.BINGET + bytes([level - 1])) * 2 + pickle.TUPLE2 + pickle.BINPUT + bytes([level])
    return step + made


EXCESSIVE: dict[str, tuple[bytes, str]] = {
    "a layer that is called": (call(NN + "linear", "Linear", number(32768), number(32768)), "a call of .*Linear"),
    "a network that is called": (call("torchvision.models.alexnet", "AlexNet", number(10**6)), "a call of .*AlexNet"),
    "very many layers": (call(NN + "rnn", "LSTM", number(8), number(8), number(10**7)), "a call of .*LSTM"),
    "an object with arguments": (name(NN + "linear", "Linear") + row(number(9)) + pickle.NEWOBJ, "made with arguments"),
    "bytes of a length": (call("builtins", "bytearray", number(3 * GIGABYTE)), "a length without contents"),
    "the same in Python 2": (call("__builtin__", "bytearray", number(3 * GIGABYTE)), "a length without contents"),
    "packed bytes": (call("_codecs", "encode", text("x"), text("zip")), "bytes that are not given as a text"),
    "a tensor of a length": (call("torch", "FloatTensor", number(GIGABYTE)), "a call of torch.FloatTensor"),
    "a function in a tensor": (
        call("torch._tensor", "_rebuild_from_type_v2", name(NN + "linear", "Linear"), name("torch", "Tensor"),
             row(number(9), number(9)), pickle.EMPTY_DICT),
        "a call of .*Linear",
    ),
    "a storage longer than its bytes": (tensor(2**40, (4,), (1,)), "where the file holds 64"),
    "beyond the storage": (tensor(16, (1000,), (1,)), "reaches to element 999 of a storage of 16"),
    "before the storage": (tensor(16, (4,), (1,), -8), "the offset -8"),
    "backwards": (tensor(16, (4,), (-1,), 8), "the stride -1"),
    "an offset far away": (tensor(16, (4,), (1,), 10**9), "reaches to element 1,000,000,003"),
    "one number, over and over": (tensor(16, (2**40,), (0,)), "4,398,046,511,104 bytes, where the file justifies"),
    "too many for a number": (tensor(16, (2**32, 2**32), (0, 0)), "where the file justifies"),
    "a deep tuple": (pickle.EMPTY_LIST + pickle.TUPLE1 * 200_000, "nest more than 1,000 levels"),
    "deep dicts": ((pickle.EMPTY_DICT + text("a")) * 5000 + pickle.NONE + pickle.SETITEM * 5000, "nest more than"),
    "a key of parts of parts": (shared(pickle.EMPTY_DICT) + pickle.NONE + pickle.SETITEM, "a key of very many parts"),
}  # fmt: skip


def in_zip(path: Path, content: bytes) -> None:
    members = {"archive/data.pkl": content, "archive/version": b"3\n", "archive/byteorder": b"little"}
    path.write_bytes(zipped({**members, "archive/data/0": bytes(64)}))


def in_old_format(path: Path, content: bytes) -> None:
    head = b"".join(pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
    path.write_bytes(head + content + pickle.dumps([], 2))


@pytest.mark.parametrize("case", EXCESSIVE)
@pytest.mark.parametrize("save", [in_zip, in_old_format])
def test_pickles_that_ask_for_more_than_they_hold(
    case: str, save: Callable[[Path, bytes], None], tmp_path: Path
) -> None:
    content, problem = EXCESSIVE[case]
    if save is in_old_format and "FloatStorage" in content.decode("latin-1"):
        pytest.skip("the old format names storages otherwise")
    save(tmp_path / "a.pt", pickle.PROTO + b"\2" + content + pickle.STOP)
    with little_memory(), pytest.raises(InputError, match=problem) as told:
        load_pickle(tmp_path / "a.pt")
    assert "a.pt" in str(told.value)
    assert "remedy" in str(told.value)


def test_a_storage_of_the_old_format_is_in_the_file(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(1000)}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    whole = (tmp_path / "a.pth").read_bytes()
    assert torch.equal(load_pickle(tmp_path / "a.pth")["a"], torch.ones(1000))  # type: ignore[index]
    (tmp_path / "a.pth").write_bytes(whole.replace(b"M\xe8\x03", b"J\xff\xff\xff\x7f"))  # its length, and the size
    with little_memory(), pytest.raises(InputError, match="a storage of 8,589,934,588 bytes, where the file holds"):
        load_pickle(tmp_path / "a.pth")


@pytest.mark.filterwarnings("ignore")  # torch says of some of these tensors that they are new, of others that they go
def test_what_honest_files_hold_loads(tmp_path: Path) -> None:
    """Views, repeated numbers, sparse and quantised tensors, sets, bytes, optimisers, shared and nested containers."""
    weight = nn.Parameter(torch.randn(4, 6))
    optimizer = torch.optim.AdamW([weight])
    weight.sum().backward()
    optimizer.step()
    value: Any = {
        "view": torch.arange(24.0).reshape(4, 6).t()[1:, ::2], "repeated": torch.arange(8).expand(16, 8),
        "sparse": torch.eye(3).to_sparse(), "rows": torch.eye(3).to_sparse_csr(), "half": torch.ones(3).half(),
        "whole": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), "weight": weight,
        "optimizer": optimizer.state_dict(), "set": {1, 2}, "bytes": b"abc", "array": bytearray(b"abc"),
        "pairs": OrderedDict(a=(1, [2.5, None])), "size": torch.Size([2, 3]), "complex": 1j, "empty": torch.ones(0, 3),
        "device": torch.device("cpu"), "type": torch.float16, "key": {("a", 1): 2},
    }  # fmt: skip
    for zip_format in (True, False):
        torch.save(value, tmp_path / "a.pt", _use_new_zipfile_serialization=zip_format)
        found: Any = load_pickle(tmp_path / "a.pt")
        assert found.keys() == value.keys()
        assert torch.equal(found["view"], value["view"])
        assert found["array"] == value["array"]


def broken_modules() -> dict[str, tuple[nn.Module, str]]:
    def changed(**changes: Any) -> nn.Module:
        network = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        network.__dict__.update(changes)
        return network

    itself = nn.Sequential(nn.ReLU())
    itself._modules["1"] = itself
    deep: nn.Module = nn.ReLU()
    for _ in range(150):
        deep = nn.Sequential(deep)
    return {
        "no modules": (changed(_modules=None), "a Sequential without _modules"),
        "no parameters": (changed(_parameters=3), "a Sequential without _parameters"),
        "a number for a module": (changed(_modules={"9": 3}), "a int among _modules"),
        "no name": (changed(_modules={"": nn.ReLU()}), "an empty name among _modules"),
        "a text for a weight": (changed(_parameters={"w": "x"}), "a str among _parameters"),
        "a module in itself": (itself, "holds itself"),
        "modules in modules": (deep, "nests too deeply"),
        "no values": (nn.Linear(2, 2, device="meta"), "layers without weights"),
        "layers of nothing": (nn.Sequential(nn.Linear(2, 2), *[nn.ReLU()] * 1100), "1,102 modules with 2 tensors"),
    }


@pytest.mark.parametrize("case", broken_modules())
def test_modules_that_are_none(case: str, tmp_path: Path) -> None:
    network, problem = broken_modules()[case]
    torch.save(network, tmp_path / "a.pt")
    with pytest.raises(InputError, match=problem):
        open_model(str(tmp_path / "a.pt"))


@pytest.mark.parametrize(
    "changes",
    [
        {"num_classes": 2_000_000},
        {"spec": "torchvision:vit_h_14", "num_classes": None, "arch_args": {}},
        {"spec": "torchvision:vgg16", "num_classes": 10**9, "arch_args": {}},
        {"spec": "torchvision:vit_b_16", "num_classes": None, "arch_args": {"image_size": "1600000"}},
        {"spec": "pytorchvideo:create_multiscale_vision_transformers", "num_classes": None,
         "arch_args": {"spatial_size": "224", "temporal_size": "16", "depth": "100000"}},
    ],
)  # fmt: skip
def test_a_trained_network_is_no_larger_than_its_weights(changes: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    save_trained(small_cnn3d(3, 1), path, Origin("snnconv:small_cnn3d", 3, {"in_channels": "1"}, ((1, 8, 16, 20),)))
    document = torch.load(path, weights_only=True)
    document[KEY] = json.dumps({**json.loads(document[KEY]), **changes})
    torch.save(document, path)
    with little_memory(), pytest.raises(InputError, match="far larger"):
        open_model(str(path))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_net(tmp_path_factory.mktemp("benign") / "net.pt2")


def expression(value: str) -> Edit:
    def change(model: dict[str, Any]) -> None:
        model["graph_module"]["graph"]["tensor_values"]["x"]["sizes"][0]["as_expr"]["expr_str"] = value

    return edit_json(change, MODEL)


def weight(**changes: Any) -> Edit:
    def change(table: dict[str, Any]) -> None:
        table["config"]["conv.weight"]["tensor_meta"].update(changes)

    return edit_json(change, "data/weights/model_weights_config.json")


def ints(*values: int) -> list[dict[str, int]]:
    return [{"as_int": value} for value in values]


def sample_inputs(value: object, compression: int = zipfile.ZIP_STORED) -> Edit:
    def edit(members: dict[str, bytes]) -> None:
        buffer = io.BytesIO()
        torch.save(value, buffer)
        with zipfile.ZipFile(buffer) as archive:
            inner = {entry: archive.read(entry) for entry in archive.namelist()}
        if compression != zipfile.ZIP_STORED:
            inner["archive/data/9"] = bytes(300 * 2**20)
        members["data/sample_inputs/model.pt"] = zipped(inner, compression)

    return edit


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (expression("Pow(Add(Integer(9),Mul(Integer(0),Symbol('s77'))),Integer(999999999))"), "the power"),
        (expression("Pow(Integer(9),Add(Integer(999999999),Mul(Integer(0),Symbol('s77'))))"), "the power"),
        (expression("(9+0*s77)**999999999"), "the power"),
        (expression("LShift(Integer(1),s77)"), "the power"),
        (expression("*".join(f"Pow(s77,{power % 9})" for power in range(60))), "too many"),
        (expression(f"Max({','.join(f's{i}*{i % 7 + 1}' for i in range(300))})"), "chooses among too much"),
        (expression(f"And({','.join(f'Gt(s{i},s{i + 1})' for i in range(60))})"), "chooses among too much"),
        (expression("(s77+1)*" * 300 + "1"), "too many parts"),
        (expression("Float('1e400000000')"), "the number"),
        (expression("9" * 4200), "the number"),
        (weight(sizes=ints(10**4, 3, 3, 3)), "reaches to element 269,999 of a storage of 108"),
        (weight(strides=ints(2**61, 9, 3, 1)), "reaches to element"),
        (weight(sizes=ints(2**31, 3, 3, 3), strides=ints(0, 0, 0, 0)), "where the file justifies"),
        (weight(storage_offset={"as_int": -100}), "the offset -100"),
        (weight(device={"type": "meta", "index": None}), "no values"),
        (weight(dtype=99), "the unknown type"),
        (sample_inputs(((Call(bytearray, 3 * GIGABYTE),), {})), "a length without contents"),
        (sample_inputs(((torch.ones(2, 3, 8, 8),), {}), zipfile.ZIP_DEFLATED), "far more than it can hold"),
    ],
)  # fmt: skip
def test_programs_that_ask_for_more_than_they_hold(edit: Edit, problem: str, program: Path, tmp_path: Path) -> None:
    with little_memory(), pytest.raises(InputError, match=problem):
        load_program(rewrite(program, tmp_path / "a.pt2", edit))


@pytest.mark.parametrize(
    "text",
    [
        "Symbol('s77', positive=True, integer=True)",
        "2*((s77 + 1)//2) - s77",
        "Max(Integer(1), Add(Symbol('s77'), Integer(-1)))",
        "Pow(Symbol('s77'), Integer(2))",
        "Pow(Add(Symbol('s77'), Integer(1)), Rational(1, 2))",
        "floor(Mul(Rational(1, 2), Symbol('s77')))",
        "((((((s77 - 1)//2) + 1 - 1)//2) + 1)**2)*512",
    ],
)
def test_sizes_that_torch_writes_are_taken(text: str) -> None:
    check_expression(text)


def test_a_plan_is_run_by_settings_within_bounds(tmp_path: Path) -> None:
    snn = convert(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), T=2, input_shape=(1, 6, 6))
    for warm_up in (10**9, -3, "x", [1]):
        snn.plan.settings["warm_up"] = warm_up
        snn.save(tmp_path / "a.pt2")
        with pytest.raises(InputError, match=r"warm_up in settings in .*a\.pt2"):
            load(tmp_path / "a.pt2")


def test_an_operation_with_impossible_arguments_is_named(program: Path) -> None:
    loaded, _ = load_program(program)
    node = next(node for node in loaded.graph.nodes if "conv2d" in str(node.target))
    node.args = (*node.args[:3], [1, 1], [0, 0], [1, 1], 0)  # groups
    with pytest.raises(InputError, match="groups must be a positive integer"):
        inspect(loaded)


def test_a_builder_may_drop_most_of_what_it_makes() -> None:
    """ReSpike's residual branch alone is built beside an ANN that is dropped."""
    state = nn.Linear(1000, 2000, bias=False).state_dict()

    def build() -> nn.Module:
        nn.Sequential(nn.Linear(1000, 2000), nn.Linear(1000, 2000))
        return nn.Linear(1000, 2000, bias=False)

    assert build_within(build, state, "here").weight.shape == (2000, 1000)
