"""`if`: plain integrate-and-fire neurons, the baseline of every table."""

from .method import METHODS, Method

METHODS.register("if")(
    Method(
        name="if",
        summary="plain integrate-and-fire neurons, soft reset, v(0) = θ/2",
        source="Rueckauer et al., Front. Neurosci. 2017; initial potential of Bu et al., AAAI 2022",
        year=2017,
        neuron="integrate_fire",
        options={"alpha": 1.0},
        threshold="learned else percentile:99.9",
        granularity="layer",
    )
)
