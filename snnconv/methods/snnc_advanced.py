"""`snnc-advanced`: SNN calibration by an initial potential of every neuron, layer by layer.

The published pipeline goes on to calibrate the weights of every layer with Adam; that is not done here.
"""

from .method import METHODS, Method

METHODS.register("snnc-advanced")(
    Method(
        name="snnc-advanced",
        summary="integrate-and-fire neurons, a current θ/(2T), v(0) = T · mean error of each neuron",
        source="Li et al., A free lunch from ANN (SNN calibration, advanced, without its weights), ICML 2021",
        year=2021,
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.0},
        threshold="clip-floor",
        at_T=True,
        calibrations=("shift", "potential"),
    )
)
