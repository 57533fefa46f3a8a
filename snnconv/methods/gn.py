"""`gn`: the Group Neuron; m members at kθ/m are one SD neuron without negative spikes at α = 1/m, β = m."""

from .method import METHODS, Method

METHODS.register("gn")(
    Method(
        name="gn",
        summary="group neurons of m = 4 members (SD neurons without negative spikes, α = 1/m, β = m)",
        source="Lyu et al., Optimal ANN-SNN conversion with group neurons, ICASSP 2024",
        year=2024,
        needs="qcfs",
        neuron="sd",
        options={"alpha": 0.25, "beta": 4, "down_limit": 0, "gate": "memory", "retract": "threshold"},
        threshold="learned else percentile:99.9",
        granularity="layer",
    )
)
