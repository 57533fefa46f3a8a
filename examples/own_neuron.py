"""A neuron of one's own, a method that uses it, and a check of the network converted with it.

    python examples/own_neuron.py

It fires at most one spike a step; a negative one takes an earlier one back (in the spirit of Wang et al.,
IJCAI 2022). The SD neuron does the same at α = β = 1 with retract="zero", which the check uses.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from snnconv import METHODS, convert
from snnconv.data import open_data
from snnconv.methods import Method
from snnconv.models import fashion_cnn
from snnconv.neurons import NEURONS, Neuron


class TernaryState(NamedTuple):
    v: Tensor  # membrane potential
    fired: Tensor  # net spikes so far


@NEURONS.register("ternary")
class Ternary(Neuron):
    """m = v + I;  s = 1 if m ≥ θ, −1 if m < 0 and spikes were fired before, else 0;  v ← m − sθ."""

    def __init__(self, threshold: Tensor | float, *, alpha: float = 1.0) -> None:
        super().__init__(threshold, alpha)

    def initial(self, x: Tensor, start: Tensor) -> TernaryState:
        return TernaryState(start, torch.zeros_like(start))

    def step(self, x: Tensor, state: TernaryState) -> tuple[Tensor, TernaryState]:
        theta = self.per_unit(x)
        m = state.v + x
        spikes = (m >= theta).float() - ((m < 0) & (state.fired > 0)).float()
        return spikes.to(x.dtype), TernaryState(m - spikes * theta, state.fired + spikes)


METHODS.register("ternary")(Method("ternary", "one spike a step", "example", neuron="ternary", options={"alpha": 1.0}))


def main() -> None:
    model, train = fashion_cnn(pretrained=True), open_data("fashion:train", batch_size=128)
    x, y = next(iter(open_data("fashion:test", batch_size=100)))
    ours = convert(model, T=8, data=train, method="ternary").run(x)
    theirs = convert(model, T=8, data=train, method="sdm", alpha=1.0, beta=1, retract="zero").run(x)
    correct = int((ours.logits[-1].argmax(1) == y).sum())
    same = all(torch.equal(ours.spikes[site], theirs.spikes[site]) for site in theirs.spikes)
    print(f"right at T=8: {correct} of {len(y)} test images")
    print(f"spike counts equal to the SD neuron's at every site and step: {same}")


if __name__ == "__main__":
    main()
