"""`srp`: τ steps show which neurons end below 0; these stay silent in the T steps that count."""

from .method import METHODS, Method

METHODS.register("srp")(
    Method(
        name="srp",
        summary="integrate-and-fire neurons; those with no potential left after τ = 4 steps stay silent then",
        source="Hao et al., Reducing ANN-SNN conversion error through residual membrane potential, AAAI 2023",
        year=2023,
        needs="qcfs",
        neuron="srp",
        options={"alpha": 1.0, "tau": 4, "v0": 0.5},
        threshold="learned else percentile:99.9",
        warm_up="tau",
    )
)
