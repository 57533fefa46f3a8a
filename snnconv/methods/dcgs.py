"""`dcgs`: differential coding; multi-threshold neurons whose spikes correct the mean output so far."""

from .method import METHODS, Method

METHODS.register("dcgs")(
    Method(
        name="dcgs",
        summary="multi-threshold neurons with differential coding: one spike ±θ/2^i a step corrects the mean so far",
        source="Huang et al., Differential coding for training-free ANN-to-SNN conversion, ICML 2025",
        year=2025,
        neuron="differential",
        options={"alpha": 1.0, "bits": 8, "v0": 0.0},
        threshold="percentile:99.9",
        granularity="channel",
    )
)
