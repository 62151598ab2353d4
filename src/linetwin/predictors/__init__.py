"""A trained predictor as a file: reading it safely, and evaluating it with interval and domain.

Nothing here can train: no scikit-learn, no pandas.
"""
