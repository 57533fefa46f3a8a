"""`rnl`: rate norm layers; integrate-and-fire neurons that start empty, thresholds trained from the maximum."""

from .method import METHODS, Method

METHODS.register("rnl")(
    Method(
        name="rnl",
        summary="integrate-and-fire neurons, v(0) = 0, θ trained by rate norm layers",
        source="Ding et al., Optimal ANN-SNN conversion for fast and accurate inference in deep SNNs, IJCAI 2021",
        year=2021,
        needs="rnl",
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.0},
        threshold="learned else percentile:99.9",
    )
)
