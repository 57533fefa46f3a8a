"""From a model to a graph of plain modules under their original names: capture, free sizes, raising."""
