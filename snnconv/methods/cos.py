"""`cos`: layer by layer, a trial of ρ steps shifts v(0) of neurons that fire once too often or too rarely."""

from .method import METHODS, Method

METHODS.register("cos")(
    Method(
        name="cos",
        summary="integrate-and-fire neurons; v(0) shifted after a trial of ρ = 4 steps, layer by layer",
        source="Hao et al., Bridging the gap between ANNs and SNNs by calibrating offset spikes, ICLR 2023",
        year=2023,
        needs="qcfs",
        neuron="cos",
        options={"alpha": 1.0, "rho": 4, "v0": 0.5},
        threshold="learned else percentile:99.9",
        warm_up="rho",
    )
)
