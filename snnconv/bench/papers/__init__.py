"""Published tables and figures as recipes, and the arithmetic behind published energies."""
