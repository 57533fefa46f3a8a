"""`snnc-light`: SNN calibration by a current per channel, layer by layer."""

from .method import METHODS, Method

METHODS.register("snnc-light")(
    Method(
        name="snnc-light",
        summary="integrate-and-fire neurons, v(0) = 0, a current θ/(2T) + the mean error of each channel",
        source="Li et al., A free lunch from ANN (SNN calibration, light), ICML 2021",
        year=2021,
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.0},
        threshold="clip-floor",
        calibrations=("shift", "bias"),
    )
)
