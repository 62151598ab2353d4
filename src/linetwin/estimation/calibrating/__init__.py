"""Calibration: parameters of a process model, fitted to a table of measurements.

    specification (reading) + table -> Misfit -> Fit -> intervals, identifiability, held-out score

One row of the table is one evaluation of the model: its inputs are set before the initialisation,
the model runs for the row's duration, its outputs are compared with what was measured.
"""
