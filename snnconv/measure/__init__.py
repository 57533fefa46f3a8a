"""What every measurement shares: running a network over data, results and their files, several processes."""
