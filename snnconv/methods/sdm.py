"""`sdm`: Scalable Dual threshold Mapping exactly as published."""

from .method import METHODS, Method

METHODS.register("sdm")(
    Method(
        name="sdm",
        summary="scalable dual-threshold burst neurons as published",
        source="You et al., Converting ANNs to Ultra-Low-Latency SNNs for Action Recognition, IEEE TCDS 2024",
        year=2024,
        needs="clip",
        neuron="sd",
        options={"alpha": 0.5, "beta": 2, "down_limit": 1, "gate": "memory", "retract": "threshold"},
        threshold="learned else percentile:99.9",
        granularity="layer",
    )
)
