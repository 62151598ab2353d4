"""Learning from a dataset: candidates, their fair comparison, intervals, and the finished file."""
