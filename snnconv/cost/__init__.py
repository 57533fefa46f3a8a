"""What a network's work is and costs: dense counts, synaptic operations, energy."""
