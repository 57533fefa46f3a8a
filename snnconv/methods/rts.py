"""`rts`: ReLU-threshold-shift; thresholds at the maximum, and half a quantum of bias spread over the T steps.

Published with an ANN whose ReLUs are clipped at a fixed ceiling found as the maximum over the training set; on a plain
ReLU network that ceiling is the maximum of the calibration data.
"""

from .method import METHODS, Method

METHODS.register("rts")(
    Method(
        name="rts",
        summary="integrate-and-fire neurons, v(0) = 0, a current θ/(2T) at every step",
        source="Deng & Gu, Optimal conversion of conventional artificial neural networks to SNNs, ICLR 2021",
        year=2021,
        needs="clip",
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.0},
        threshold="learned else max",
        calibrations=("shift",),
    )
)
