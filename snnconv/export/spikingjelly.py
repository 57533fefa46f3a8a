"""A module for people who go on in SpikingJelly: its own neurons, the layers of torch, and the weights."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from pprint import pformat
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ..files import binary_output, write_text
from ..io.importing import required
from ..network import SpikingNetwork
from .about import about
from .format import FORMATS, Format, Options, Ran, Refusal
from .nir.dialects import Dialect
from .nir.file import lowered, require_nir
from .nir.lower import ToNir
from .walk import walked

REMEDY = "pip install spikingjelly, or leave the check out (--no-check)"
# what is lowered to NIR's nodes becomes layers of torch: thresholds of 1, the rest as it is
LAYERS = Dialect("", unit=True)
FACTS = ("T", "method", "settings", "normalization")
TEXT = '''"""A network for SpikingJelly, made by snnconv {version}: {told}

    net = Net()
    net.load_state_dict(torch.load({weights!r}))
    y = run(net, x, T={T})  # the mean output

`net.begin(batch)` sets every potential to its v(0); `net(x)` is one time step. Neurons subtract their threshold.
"""

import torch
from spikingjelly.activation_based import neuron
from torch import nn

INPUT_SHAPE = {shape}
FACTS = {facts}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
{made}

    def begin(self, batch):
        for name in {neurons}:
            start = getattr(self, name + "_v0")
            getattr(self, name).v = start.expand(batch, *start.shape).clone()

    def forward(self, x):
{steps}
        return {output}


def run(net, x, T):
    net.begin(len(x))
    total = 0
    for _ in range(T):
        total = total + net(x)
    return total / T
'''


@FORMATS.register("spikingjelly")
class SpikingJellyModule(Format):
    """NAME.py, a module of SpikingJelly's neurons, and its weights in NAME.pt."""

    suffix: ClassVar[str] = ".py"
    runtime: ClassVar[str] = "SpikingJelly"

    def refusals(self, snn: SpikingNetwork, options: Options) -> list[Refusal]:
        require_nir()
        if snn.warm_up:
            return [Refusal("the network", f"its first {snn.warm_up} steps are warm-up", "--to onnx-step")]
        return [reason(refusal) for refusal in lowered(snn, LAYERS).refused]

    def files(self, path: Path) -> list[Path]:
        return [path, path.with_suffix(".pt")]

    def write(self, snn: SpikingNetwork, path: Path, options: Options) -> dict[str, str]:
        code = Code(walked(ToNir(snn, LAYERS)))
        method, facts = str(snn.plan.settings.get("method")), about(snn, options.T)
        write_text(path, TEXT.format(
            version=facts["snnconv"], told=f"{method}, T = {options.T}", weights=path.with_suffix(".pt").name,
            T=options.T, shape=tuple(snn.plan.input_shapes[0]),
            facts=pformat({key: plainly(facts[key]) for key in FACTS}, width=110, sort_dicts=False),
            made="\n".join(f"        {line}" for line in code.made), neurons=repr(tuple(code.neurons)),
            steps="\n".join(f"        {line}" for line in code.steps), output=code.output,
        ))  # fmt: skip
        with binary_output(path.with_suffix(".pt")) as file:
            torch.save(code.weights, file)
        return {"go on": f"from {path.stem} import Net, run"}

    def run(self, path: Path, inputs: list[Tensor], steps: int) -> Ran:
        module = runpy.run_path(str(path))  # it has just been written here
        net: nn.Module = module["Net"]()
        net.load_state_dict(torch.load(path.with_suffix(".pt"), weights_only=True))
        net.begin(len(inputs[0]))  # type: ignore[operator]
        with torch.no_grad():
            outputs = torch.stack([net(inputs[0].float()) for _ in range(steps)])
        counts = torch.arange(1, steps + 1).view(-1, *[1] * (outputs.dim() - 1))
        return Ran([outputs.cumsum(0) / counts])

    def runtime_version(self) -> str:
        required("spikingjelly", "modules of SpikingJelly need", REMEDY)
        return f"spikingjelly {version('spikingjelly')}"


def reason(refusal: Refusal) -> Refusal:
    return Refusal(refusal.where, refusal.why.replace("node of NIR", "module of SpikingJelly"), refusal.instead)


class Code:
    """Lines of Python for NIR's nodes. `made` are the modules, `steps` what is computed, `weights` a state_dict."""

    def __init__(self, found: ToNir) -> None:
        self.made: list[str] = []
        self.steps: list[str] = []
        self.neurons: list[str] = []
        self.weights: dict[str, Tensor] = {}
        reads: dict[str, list[str]] = {name: [] for name in found.nodes}
        for source, target in found.edges:
            reads[target].append(source)
        names = {name: f"{name}_" if hasattr(nn.Module, name) else name for name in found.nodes} | {"input": "x"}
        for name in TopologicalSorter(reads).static_order():
            given = " + ".join(names[source] for source in reads[name])
            kind = type(found.nodes[name]).__name__
            if kind == "Output":
                self.output = given
            elif kind != "Input":
                self.steps.append(f"{names[name]} = {WRITTEN[kind](self, names[name], found.nodes[name], given)}")

    def layer(self, name: str, text: str, node: Any, given: str) -> str:
        self.made.append(f"self.{name} = {text}")
        for part in ("weight", "bias"):
            self.weights[f"{name}.{part}"] = torch.as_tensor(np.asarray(getattr(node, part)), dtype=torch.float32)
        return f"self.{name}({given})"

    def buffer(self, name: str, value: Any) -> None:
        held = torch.as_tensor(np.asarray(value), dtype=torch.float32)
        self.made.append(f'self.register_buffer("{name}", torch.zeros({tuple(held.shape)}))')
        self.weights[name] = held

    def linear(self, name: str, node: Any, given: str) -> str:
        return self.layer(name, f"nn.Linear({node.weight.shape[1]}, {node.weight.shape[0]})", node, given)

    def convolution(self, name: str, node: Any, given: str) -> str:
        outputs, inputs, *kernel = node.weight.shape
        geometry = [plain(part) for part in (kernel, node.stride, node.padding, node.dilation)]
        arguments = ", ".join(map(str, [inputs * node.groups, outputs, *geometry, node.groups]))
        return self.layer(name, f"nn.{type(node).__name__}({arguments})", node, given)

    def pool(self, name: str, node: Any, given: str) -> str:
        geometry = ", ".join(str(plain(part)) for part in (node.kernel_size, node.stride, node.padding))
        self.made.append(f"self.{name} = nn.AvgPool2d({geometry})")
        return f"self.{name}({given})"

    def scale(self, name: str, node: Any, given: str) -> str:
        self.buffer(f"{name}_factor", node.scale)
        return f"({given}) * self.{name}_factor"

    def neuron(self, name: str, node: Any, given: str) -> str:
        self.made.append(f"self.{name} = neuron.IFNode(v_threshold=1.0, v_reset=None)")
        self.buffer(f"{name}_v0", node.metadata["v0"])
        self.neurons.append(name)
        return f"self.{name}({given})"


def plainly(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def plain(value: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in np.asarray(value).reshape(-1))


WRITTEN: dict[str, Callable[..., str]] = {
    "Affine": Code.linear,
    "Conv1d": Code.convolution,
    "Conv2d": Code.convolution,
    "AvgPool2d": Code.pool,
    "Scale": Code.scale,
    "IF": Code.neuron,
    "Flatten": lambda code, name, node, given: f"({given}).flatten(1)",
}
