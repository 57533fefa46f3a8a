"""Networks of whole numbers: weights of 8 or 16 bits, thresholds, potentials and biases in units of their own."""
