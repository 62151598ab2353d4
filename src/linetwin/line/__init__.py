"""The SimPy world of a line: calendar, stations, buffers, lots, drivers, failures, energy."""
