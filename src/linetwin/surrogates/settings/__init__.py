"""Settings of machines: what a cell would have been had one of them been another."""
