"""The evaluator that predictors' FMUs carry: its C, and its building."""
