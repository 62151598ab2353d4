"""Model-exchange FMUs: they give derivatives, and linetwin integrates them with scipy's LSODA."""
