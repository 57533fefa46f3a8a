"""`snnc-advanced`: SNN calibration by an initial potential of every neuron, then by the weights, layer by layer.

The paper calls the weights the last stage, to be learned where the potential alone does not do; the authors' program
leaves them out on CIFAR. `corrections=("shift", "potential")` does so here.
"""

from .method import METHODS, Method

METHODS.register("snnc-advanced")(
    Method(
        name="snnc-advanced",
        summary="integrate-and-fire neurons, a current θ/(2T), v(0) = T · mean error of each neuron, weights by Adam",
        source="Li et al., A free lunch from ANN (SNN calibration, advanced), ICML 2021",
        year=2021,
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.0},
        threshold="clip-floor",
        calibrations=("shift", "potential", "weights"),
    )
)
