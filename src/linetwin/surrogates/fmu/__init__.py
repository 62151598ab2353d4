"""A predictor as an FMU that needs neither Python nor a compiler: tables, and one evaluator."""
