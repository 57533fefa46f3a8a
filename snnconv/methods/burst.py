"""`burst`: neurons that fire up to Γ = 5 spikes a step, and max pooling by lateral inhibition."""

from .method import METHODS, Method

METHODS.register("burst")(
    Method(
        name="burst",
        summary="burst neurons of up to 5 spikes a step, v(0) = 0; max pooling by lateral inhibition",
        source="Li & Zeng, Efficient and accurate conversion of SNNs with burst spikes, IJCAI 2022",
        year=2022,
        neuron="sd",
        options={"alpha": 1.0, "beta": 5, "down_limit": 0, "v0": 0.0},
        threshold="percentile:99.9",
        maxpool="lipool",
    )
)
