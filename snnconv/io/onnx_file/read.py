"""From bytes to a `Graph`: everything is checked before it is used, nothing outside the file is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError, UnsupportedModelError
from .graph import Attributes, Branch, Graph, Input, Node, bad_file
from .packages import require_onnx
from .wire import check_structure

LARGEST = 2**31 - 1  # protobuf's own limit; larger models keep their weights in a file beside
DOMAINS = ("", "ai.onnx")
# Whatever there is, and for each stored tensor; operations that compute sizes are many. Of inputs to one operation.
LEAST_OPERATIONS, OPERATIONS_PER_TENSOR, MOST_INPUTS = 1_000, 100, 1_000
OLDEST = 7  # operator sets before spell broadcasting differently
QUANTIZED = ("DequantizeLinear", "QuantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul",
             "ConvInteger", "MatMulInteger")  # fmt: skip
_FLOATS = (1, 10, 11, 16)  # single, half, double, brain float: the numbers of the ONNX standard
_HALF = {10, 16}


def read_graph(path: str | os.PathLike[str]) -> Graph:
    """Read an ONNX file.

    Raises:
        InputError: it is missing, cut short, damaged, too large, or has its weights outside its folder.
        UnsupportedModelError: it holds operations of other makers, or quantised ones.
    """
    where = str(path)
    onnx = require_onnx()
    data = _bytes_of(path)
    check_structure(data, where)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except Exception as error:  # protobuf's DecodeError has moved between its versions
        raise bad_file("the ONNX file is cut short or damaged", where, f"{type(error).__name__}: {error}") from error
    count = len(model.graph.node)
    if not count or not model.graph.output:
        raise bad_file("the ONNX file has no network in it", where, f"{count:,} operations")
    _check_extent(model, count, where)
    try:
        opset = _opset(onnx, model, where)
        _refuse_operations(model, where)
        return _graph(onnx, model, opset, Path(path))
    except (InputError, UnsupportedModelError):
        raise
    except Exception as error:  # numpy and protobuf each have their own for what does not fit together
        raise bad_file("the ONNX file is damaged", where, f"{type(error).__name__}: {str(error)[:200]}") from error


def _check_extent(model: Any, count: int, where: str) -> None:
    """Time is in proportion to operations and what they read: a file of one kilobyte can hold very many."""
    constants = sum(node.op_type == "Constant" for node in model.graph.node)  # how some exporters store weights
    most = LEAST_OPERATIONS + OPERATIONS_PER_TENSOR * (len(model.graph.initializer) + constants)
    inputs = max(len(node.input) for node in model.graph.node)
    if count > most:
        raise InputError("the ONNX file has too many operations for its weights", expected=f"at most {most:,}",
                         got=f"{count:,}", where=where)  # fmt: skip
    if inputs > MOST_INPUTS:
        raise InputError("an operation of the ONNX file has too many inputs", expected=f"at most {MOST_INPUTS:,}",
                         got=f"{inputs:,}", where=where)  # fmt: skip


def _bytes_of(path: str | os.PathLike[str]) -> bytes:
    try:
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST:
                raise InputError("the ONNX file is too large", expected="less than 2 GiB", got=f"{size:,} bytes",
                                 where=str(path))  # fmt: skip
            return file.read()
    except OSError as error:
        raise InputError("cannot read the file", got=error.strerror or str(error), where=str(path)) from error


def _opset(onnx: Any, model: Any, where: str) -> int:
    """The version of the standard operators."""
    versions = {entry.domain: entry.version for entry in model.opset_import}
    opset = next((versions[domain] for domain in DOMAINS if domain in versions), 1)
    newest = onnx.defs.onnx_opset_version()
    if not OLDEST <= opset <= newest:
        raise InputError(
            f"ONNX operator set {opset} is not read here",
            expected=f"{OLDEST} to {newest}",
            where=where,
            remedy="onnx.version_converter.convert_version(model, 13)" if opset < OLDEST else "pip install -U onnx",
        )
    return int(opset)


def _refuse_operations(model: Any, where: str) -> None:
    """What no reading of the file can make a network of, all at once."""
    nodes = list(_all_nodes(model.graph))
    foreign = sorted({f"{node.domain}:{node.op_type}" for node in nodes if node.domain not in DOMAINS})
    if foreign or model.functions:
        own = [f"{function.domain}:{function.name}" for function in model.functions]
        _refuse("operations that are not of the ONNX standard", foreign or own, where,
                "export it without them (for functions: onnx.inliner.inline_local_functions)")  # fmt: skip
    quantized = sorted({node.op_type for node in nodes} & set(QUANTIZED))
    if quantized:
        _refuse("quantised operations", quantized, where, "convert the model that it was quantised from")


def _all_nodes(graph: Any) -> Iterator[Any]:
    """Of the graph and of those inside its operations."""
    for node in graph.node:
        yield node
        for entry in node.attribute:
            for inner in (entry.g, *entry.graphs):
                yield from _all_nodes(inner)


def _refuse(what: str, names: list[str], where: str, remedy: str) -> None:
    shown = ", ".join(name[:80] for name in names[:8]) + (" …" if len(names) > 8 else "")
    raise UnsupportedModelError(f"the ONNX file holds {what}: {shown}", where=where, remedy=remedy)


def _graph(onnx: Any, model: Any, opset: int, path: Path) -> Graph:
    proto = model.graph
    reader = _Reader(onnx, path, opset)
    nodes, constants = reader.nodes(proto, {}, ""), reader.constants
    inputs = [value for value in proto.input if value.name not in constants]
    if not inputs:
        raise bad_file("the network in the ONNX file has no input", str(path))
    # A batch written as 0 or less is free: TensorFlow's exporter writes it so.
    entries = [
        Input(
            value.name,
            tuple(size if size and size > 0 else None for size in _sizes(value) or ()),
            "float32" if value.type.tensor_type.elem_type in _FLOATS else "int64",
        )
        for value in inputs
    ]
    shapes = _inferred_shapes(onnx, model)
    types = [tensor.data_type for tensor in proto.initializer]
    types += [value.type.tensor_type.elem_type for value in (*proto.input, *proto.output)]
    outputs = [value.name for value in proto.output]
    return Graph(nodes, constants, entries, outputs, shapes, str(path), half_precision=bool(_HALF & set(types)))


def _inferred_shapes(onnx: Any, model: Any) -> dict[str, tuple[int | None, ...]]:
    """Shapes of the values in between; what cannot be inferred is left out."""
    skeleton = onnx.ModelProto()
    skeleton.CopyFrom(model)
    for tensor in skeleton.graph.initializer:
        if tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE):
            tensor.ClearField("raw_data")  # inference reads whole numbers only, and would copy the weights twice more
            tensor.ClearField("float_data")
    try:
        inferred = onnx.shape_inference.infer_shapes(skeleton)
    except Exception:  # inference is a help for baked-in batch sizes, not a need
        return {}
    known = (*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output)
    return {value.name: sizes for value in known if (sizes := _sizes(value)) is not None}


def _sizes(value: Any) -> tuple[int | None, ...] | None:
    if not value.type.tensor_type.HasField("shape"):
        return None
    dims = value.type.tensor_type.shape.dim
    return tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in dims)


class _Reader:
    """Reads nodes, and the graphs inside them, into one set of names and constants."""

    def __init__(self, onnx: Any, path: Path, opset: int) -> None:
        self.onnx, self.path, self.opset = onnx, path, opset
        self.constants: dict[str, np.ndarray] = {}

    def nodes(self, proto: Any, names: dict[str, str], inside: str) -> list[Node]:
        """The nodes of a graph.

        Args:
            names: what the values around it are called, by the name that the file has for them here.
            inside: stands before the names that are made in it: two branches may use the same.
        """
        if proto.sparse_initializer:
            raise UnsupportedModelError(
                "the ONNX file holds sparse weights", where=str(self.path), remedy="store them dense"
            )
        for tensor in proto.initializer:
            names[tensor.name] = inside + tensor.name
            self.constants[inside + tensor.name] = _array(self.onnx, tensor, self.path)
        nodes = []
        for node in proto.node:
            inputs = [str(names.get(name, name)) for name in node.input]
            names.update({name: inside + name for name in node.output if name and inside})
            outputs: list[str] = [str(names.get(name, name)) for name in node.output]
            attributes = Attributes({entry.name: self.attribute(entry, names, outputs) for entry in node.attribute})
            nodes.append(Node(node.op_type, node.name, inputs, outputs, attributes, self.opset, self.constants))
        return nodes

    def attribute(self, entry: Any, names: dict[str, str], outputs: list[str]) -> Any:
        if entry.type != entry.GRAPH or entry.ref_attr_name:
            return _attribute(self.onnx, entry, self.path)
        inner = dict(names)
        nodes = self.nodes(entry.g, inner, f"{outputs[0] if outputs else ''}.{entry.name}/")
        return Branch(nodes, [str(inner.get(value.name, value.name)) for value in entry.g.output])


def _attribute(onnx: Any, entry: Any, path: Path) -> Any:
    if entry.ref_attr_name or entry.type in (entry.GRAPH, entry.GRAPHS, entry.SPARSE_TENSOR, entry.SPARSE_TENSORS):
        raise UnsupportedModelError(
            f"the ONNX file holds an attribute {entry.name[:80]!r} that is not a number, text or tensor",
            where=str(path),
        )
    value = onnx.helper.get_attribute_value(entry)
    if entry.type == entry.TENSOR:
        return _array(onnx, value, path)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else list(value) if entry.type > 4 else value


def _array(onnx: Any, tensor: Any, path: Path) -> np.ndarray:
    """The numbers of a tensor, half precision widened; from a file beside only inside the model's own folder."""
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        stored = {entry.key: entry.value for entry in tensor.external_data}
        _check_beside(stored, tensor.name, path)
    array = onnx.numpy_helper.to_array(tensor, base_dir=str(path.parent))
    half = tensor.data_type in (onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)
    return array.astype(np.float32) if half else array


def _check_beside(stored: dict[str, str], name: str, path: Path) -> None:
    """Refuse weights outside the folder, and lengths that the file does not have."""
    folder = path.parent.resolve()
    target = (folder / stored.get("location", "")).resolve()
    if not target.is_relative_to(folder) or target == folder:
        raise InputError(
            "the ONNX file wants weights from outside its own folder",
            got=f"{stored.get('location')!r} for {name[:80]}",
            where=str(path),
            remedy="put the weights beside the file",
        )
    if not target.is_file():
        raise InputError("the weights of the ONNX file are missing", expected=str(target), where=str(path),
                         remedy="copy them beside the .onnx file, under this name")  # fmt: skip
    length, offset = int(stored.get("length", 0)), int(stored.get("offset", 0))
    if length < 0 or offset < 0 or offset + length > target.stat().st_size:
        raise bad_file(
            f"the weights file {target.name} is cut short", str(path), f"{name[:80]} extends past the end of the file"
        )
