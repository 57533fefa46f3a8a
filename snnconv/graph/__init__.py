"""The network as a graph: what stands where, what an operation is, and what varies in time."""
