"""`auto`: today's best training-free setting, the default of `convert`."""

from .method import METHODS, Method

METHODS.register("auto")(
    Method(
        name="auto",
        summary="signed binary digits where they pay, thresholds where they matter to the output; training-free",
        source="this project, after H-MT (AAAI 2026), You et al. (IEEE TCDS 2024) and Li et al. (ICML 2021)",
        neuron="signed",
        options={"bits": 8, "cost": 0.6},
        fixed={"down_limit": None, "gate": "memory", "retract": "zero"},
        threshold="sensitivity:0.1",
        granularity="channel",
        calibrations=("bias",),
        otherwise="sdm-zero",
    )
)
