"""Numbers of estimation: an ensemble filter, its innovations, what explains them, and scores.

Nothing here knows of a line or of a model; the theory and its limits stand in docs/twin.md.
"""
