"""`mt`: multi-threshold neurons; in one step a neuron sends a whole number in binary."""

from .method import METHODS, Method

METHODS.register("mt")(
    Method(
        name="mt",
        summary="multi-threshold neurons: thresholds θ, θ/2, … θ/2^(n−1) tried in turn; binary-weighted spikes",
        source="H-MT, AAAI 2026",
        year=2026,
        neuron="binary",
        options={
            "alpha": 1.0,
            "bits": 4,
            "down_limit": 0,
            "gate": "memory",
            "retract": "threshold",
            "v0": 0.5,
        },
        threshold="percentile:99.9",
    )
)
