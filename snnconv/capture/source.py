"""The network behind what is handed in: without wrappers, with values in it."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram
from torch.nn.parameter import is_lazy

from ..errors import InputError, UnsupportedModelError

# Wrappers whose forward is that of one module, and the attribute that holds it.
WRAPPERS: dict[str, str] = {
    "torch.nn.parallel.data_parallel.DataParallel": "module",
    "torch.nn.parallel.distributed.DistributedDataParallel": "module",
    "torch.distributed.fsdp.fully_sharded_data_parallel.FullyShardedDataParallel": "module",
    "torch.optim.swa_utils.AveragedModel": "module",
    "torch._dynamo.eval_frame.OptimizedModule": "_orig_mod",
}
SHOWN = 4


def source_of(model: nn.Module | ExportedProgram) -> nn.Module | ExportedProgram:
    """The network without the wrappers around it; a copy of it where it was made in inference mode.

    Raises:
        InputError: no values in its parameters, or something else than a network.
        UnsupportedModelError: a scripted or traced module, or weights of 8 bits.
    """
    if isinstance(model, ExportedProgram):
        require_computable(model.state_dict)
        return model
    if not isinstance(model, nn.Module):
        raise InputError(
            "this is not a network", expected="a torch.nn.Module or an exported program", got=kind_of(model)
        )
    while (attribute := WRAPPERS.get(kind_of(model))) is not None:
        model = getattr(model, attribute)
    if isinstance(model, torch.jit.ScriptModule):
        raise UnsupportedModelError(
            "a scripted or traced module holds compiled code, which torch.export does not take",
            remedy="pass the module that it was made from",
        )
    tensors = [*model.parameters(), *model.buffers()]
    if any(is_lazy(tensor) for tensor in tensors):
        raise InputError(
            "the network has no values", expected="parameters of known shapes", got="lazy layers that never ran",
            remedy="call the network once on a sample, then load its weights",
        )  # fmt: skip
    if any(tensor.is_meta for tensor in tensors):
        raise InputError(
            "the network has no values", expected="parameters on a device", got="parameters on the meta device",
            remedy="load its weights: model.to_empty(device='cpu'), then model.load_state_dict(…)",
        )  # fmt: skip
    require_computable({**dict(model.named_parameters()), **dict(model.named_buffers())})
    return copy.deepcopy(model) if any(tensor.is_inference() for tensor in tensors) else model


def require_computable(tensors: Mapping[str, Tensor]) -> None:
    """Refuse real numbers of 8 bits and less: torch stores them, and computes with hardly any.

    Raises:
        UnsupportedModelError: there are such.
    """
    for name, value in tensors.items():
        if value.is_floating_point() and value.dtype.itemsize < 2:
            kind = str(value.dtype).removeprefix("torch.")
            raise UnsupportedModelError(f"torch does not compute in {kind}", where=name, remedy="convert model.float()")


def kind_of(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def require_numbers(network: fx.GraphModule) -> None:
    """Refuse weights that are not numbers. Buffers may be infinite, as masks are.

    Raises:
        InputError: NaN in a tensor of the network, or an infinite parameter.
    """
    broken = [name for name, value in network.named_parameters() if not is_finite(value)]
    broken += [name for name, value in network.named_buffers() if holds_nan(value)]
    if broken:
        more = f" and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
        raise InputError(
            "the network's weights are not numbers",
            got=f"NaN or infinity in {', '.join(broken[:SHOWN])}{more}",
            remedy="did the training diverge? Take an earlier checkpoint",
        )


def is_finite(value: Tensor) -> bool:
    return bool(torch.isfinite(value.float() if value.is_floating_point() and value.itemsize < 2 else value).all())


def holds_nan(value: Tensor) -> bool:
    return value.is_floating_point() and bool((value.float() if value.itemsize < 2 else value).isnan().any())
