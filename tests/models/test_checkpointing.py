"""Computing again instead of keeping: the same gradients and statistics, with less kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from snnconv.models import ms_resnet18, respike, svformer

CLIP = (2, 3, 4, 64, 64)
NETWORKS: dict[str, Callable[[bool], nn.Module]] = {
    "respike": lambda again: respike(num_classes=4, checkpointed=again),
    "ms_resnet18": lambda again: ms_resnet18(4, 4, checkpointed=again),
    "svformer": lambda again: svformer("st", 4, T=4, size=64, checkpointed=again),
}


class Kept:
    """What the gradient needs of a forward run: bytes of tensors that are not parameters, each storage once."""

    def __init__(self, model: nn.Module) -> None:
        self.parameters = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
        self.sizes: dict[int, int] = {}

    def __call__(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.parameters:
            self.sizes[storage.data_ptr()] = storage.nbytes()
        return tensor


def trained(name: str, again: bool) -> tuple[dict[str, Tensor], dict[str, Tensor], int]:
    """Gradients, buffers, and bytes kept between the two ways."""
    torch.manual_seed(0)
    model = NETWORKS[name](again)
    for parameter in model.parameters():  # the fusions begin as nothing, behind which gradients vanish
        if parameter.dim() > 1 and not parameter.any():
            nn.init.normal_(parameter, std=0.1)
    clip, kept = torch.rand(CLIP), Kept(model)
    with torch.autograd.graph.saved_tensors_hooks(kept, lambda tensor: tensor):
        loss = model(clip).square().sum()
    loss.backward()
    gradients = {key: parameter.grad for key, parameter in model.named_parameters() if parameter.grad is not None}
    return gradients, dict(model.named_buffers()), sum(kept.sizes.values())


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_and_statistics_are_the_same_and_less_is_kept(name: str) -> None:
    plain, again = trained(name, False), trained(name, True)
    assert plain[0].keys() == again[0].keys()
    assert sum(float(gradient.abs().max()) > 0 for gradient in plain[0].values()) > 0.9 * len(plain[0])
    for before, after in ((plain[0], again[0]), (plain[1], again[1])):
        for key, value in before.items():
            torch.testing.assert_close(after[key], value, msg=lambda said, key=key: f"{key}: {said}")
    assert again[2] < 0.5 * plain[2]


def test_in_eval_mode_nothing_is_computed_again() -> None:
    model = respike(num_classes=4, checkpointed=True).eval()
    calls: list[int] = []
    assert model.snn is not None
    model.snn.stages[0].register_forward_pre_hook(lambda *_: calls.append(1))
    model(torch.rand(CLIP)).sum().backward()
    assert len(calls) == 1
    model.train()
    model(torch.rand(CLIP)).sum().backward()
    assert len(calls) == 3
