"""`45nm`: the operations alone, as nearly all papers on spiking networks count energy."""

from .model import ENERGY_MODELS, Constants

# Horowitz 2014, Fig. 1.1.9 (45 nm, 0.9 V), pJ. FP32: multiply 3.7, add 0.9. 8-bit integer: multiply 0.2, add 0.03.
# As in the papers, neuron updates, the reset after a spike and all memory traffic cost nothing here.
HOROWITZ = Constants(
    name="45nm",
    source="Horowitz, Computing's energy problem (and what we can do about it), ISSCC 2014",
    float_mac=4.6,
    float_ac=0.9,
    int8_multiply=0.2,
    int8_add=0.03,
)
ENERGY_MODELS.register("45nm")(HOROWITZ)
