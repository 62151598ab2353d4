"""Training files that ship: five of processes, from designs over our models, the rest of cells."""
