"""`ltb`: thresholds that grow where activations exceed them; integrate-and-fire neurons that fire above θ only.

The paper moves max pooling in front of the neuron, where it sees analog currents. Here pooling stays where the network
has it and works on running sums, whose mean is the maximum of the means: nothing has to be moved. Its delayed read-out
is the option `delay`: neurons integrate and fire from the first step, the output is read from step delay + 1 on, and
these steps count as latency. The paper's T counts them too: T = 32 with a delay of 16 is `T=16, delay=16` here. Which
delay it takes cannot be told from the published program, where it is the sum of one number per layer whose rule is left
out: 0 unless told.
"""

from .method import METHODS, Method

METHODS.register("ltb")(
    Method(
        name="ltb",
        summary="integrate-and-fire neurons, v(0) = θ/2, fire at v > θ; θ from the local threshold balancing rule",
        source="Bu et al., Inference-scale complexity in ANN-SNN conversion, CVPR 2025",
        year=2025,
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.5, "strict": True, "delay": 0},
        threshold="ltb",
        granularity="channel",
        warm_up="delay",
    )
)
