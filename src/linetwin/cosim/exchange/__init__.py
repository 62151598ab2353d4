"""Model-exchange FMUs: they give derivatives, and linetwin integrates them (scipy's methods)."""
