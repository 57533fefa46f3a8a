"""`qcfs`: quantization clip-floor-shift; the same neurons as `opt`, on an ANN trained with clip-floor-shift.

Published with MaxPool replaced by AvgPool before training (`snnconv.clip` does that); conversion alone leaves pooling
as it is. The published logits are summed over T, here averaged: the decision is the same.
"""

from .method import METHODS, Method

METHODS.register("qcfs")(
    Method(
        name="qcfs",
        summary="integrate-and-fire neurons, v(0) = θ/2, θ trained with a quantising clip",
        source="Bu et al., Optimal ANN-SNN conversion for high-accuracy and ultra-low-latency SNNs, ICLR 2022",
        year=2022,
        needs="qcfs",
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.5},
        threshold="learned else percentile:99.9",
    )
)
