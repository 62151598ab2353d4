"""Hidden causes: disturbances that nobody is told of, and naming them from what a plant knows."""
