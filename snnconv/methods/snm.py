"""`snm`: signed neurons with memory, and a threshold for every neuron.

They are SD neurons of one spike a step (α = β = 1) that start empty: +1 where v ≥ θ, −1 where v ≤ −θ and the net
number of spikes fired is above 0.
"""

from .method import METHODS, Method

METHODS.register("snm")(
    Method(
        name="snm",
        summary="signed neurons with memory: one spike a step, taken back at v ≤ −θ; θ the maximum of each neuron",
        source="Wang, Zhang, Chen, Qu, Signed neuron with memory, IJCAI 2022",
        year=2022,
        neuron="sd",
        options={"alpha": 1.0, "beta": 1, "down_limit": 1, "gate": "memory", "retract": "threshold", "v0": 0.0},
        threshold="max",
        granularity="neuron",
    )
)
