"""Benchmarks: figures of this machine, and ratios to a limit, measured in one run."""
