"""`sdm-zero`: SDM that takes a spike back as soon as the potential is negative."""

from .method import METHODS, Method

METHODS.register("sdm-zero")(
    Method(
        name="sdm-zero",
        summary="SD neurons that take back a spike as soon as the potential is negative, per channel; training-free",
        source="this project; neuron after You et al., IEEE TCDS 2024",
        neuron="sd",
        options={"alpha": 0.2, "beta": 5, "down_limit": None, "gate": "memory", "retract": "zero"},
        threshold="learned else percentile:99.9",
        granularity="channel",
        sends_levels=True,
    )
)
