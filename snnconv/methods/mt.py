"""`mt`: multi-threshold neurons; in one step a neuron sends a whole number in binary.

The largest threshold is λ/2, so that one step of all n spikes represents λ, the activation that calibration found; with
α = 1, as published, it is nearly 2λ, one bit for the few activations above λ. That α = ½ is ours, and leaves out the
last quantum: n digits are (2ⁿ − 1)/2ⁿ of λ, a floor for activations at λ. `threshold="max"` covers it.
"""

from .method import METHODS, Method

METHODS.register("mt")(
    Method(
        name="mt",
        summary="multi-threshold neurons: thresholds θ, θ/2, … θ/2^(n−1) tried in turn; binary-weighted spikes",
        source="H-MT, Generalized threshold optimization with harmony multi-threshold neurons, AAAI 2026",
        year=2026,
        neuron="binary",
        options={
            "alpha": 0.5,
            "bits": 4,
            "down_limit": 0,
            "gate": "memory",
            "retract": "threshold",
            "v0": 0.5,
        },
        threshold="percentile:99.9",
    )
)
