"""Surrogates: data and gauges, training and comparing candidates, reporting and explaining."""
