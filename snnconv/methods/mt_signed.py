"""`mt-signed`: the whole numbers of `mt`, sent as signed binary digits, of which fewer are set."""

from .method import METHODS, Method

METHODS.register("mt-signed")(
    Method(
        name="mt-signed",
        summary="as mt, with spikes of ±2^i: the non-adjacent form of the same numbers",
        source="this project, after H-MT, AAAI 2026",
        neuron="signed",
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
