"""Datasets for surrogates: reading, making and judging them."""
