"""What a dataset covers, and what is odd about it: one module a question."""
