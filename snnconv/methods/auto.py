"""`auto`: today's best training-free setting, the default of `convert`."""

from .method import METHODS, Method

METHODS.register("auto")(
    Method(
        name="auto",
        summary="signed binary digits where they pay, fine thresholds where the output feels it; training-free",
        source="this project, after H-MT (AAAI 2026) and You et al. (IEEE TCDS 2024)",
        neuron="signed",
        options={"bits": 8, "cost": 0.3},
        fixed={"down_limit": None, "gate": "memory", "retract": "zero"},
        threshold="sensitivity:0.08",
        granularity="channel",
        sends_levels=True,
        otherwise="sdm-zero",
    )
)
