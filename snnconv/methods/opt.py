"""`opt`: optimal ANN-SNN conversion; integrate-and-fire neurons that start half full, thresholds trained as clips."""

from .method import METHODS, Method

METHODS.register("opt")(
    Method(
        name="opt",
        summary="integrate-and-fire neurons, v(0) = θ/2, θ the trained ceiling of a clip",
        source="Bu, Ding, Yu, Huang, Optimized potential initialization for low-latency SNNs, AAAI 2022",
        year=2022,
        needs="clip",
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.5},
        threshold="learned else percentile:99.9",
    )
)
