"""Designs over one model: points are chosen, run, and kept as a dataset."""
