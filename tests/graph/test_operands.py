"""The table of operands is complete: every tensor of every overload has one role."""

from __future__ import annotations

import pytest
import torch

from snnconv.graph.op import OPERATIONS, affine_op

SCRIPT = {"list_Tensor", "sublist"}  # TorchScript's own, which no exported program holds


def tensors_of(name: str) -> set[str]:
    """The tensors among the arguments of every overload that changes none of them."""
    packet = getattr(torch.ops.aten, name)
    schemas = [getattr(packet, overload)._schema for overload in packet.overloads() if overload not in SCRIPT]
    arguments = [argument for schema in schemas if not schema.is_mutable for argument in schema.arguments]
    return {argument.name for argument in arguments if "Tensor" in str(argument.type)}


@pytest.mark.parametrize("name", [name for name in OPERATIONS if affine_op(name)])
def test_every_tensor_of_every_overload_has_a_role(name: str) -> None:
    assert tensors_of(name) <= set(OPERATIONS[name].roles)


def test_no_argument_has_two_roles() -> None:
    for family in set(OPERATIONS.values()):
        listed = " ".join((family.data, family.shape, family.choice, family.factor, family.fixed)).split()
        assert len(listed) == len(set(listed)), family.names
