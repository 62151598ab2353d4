"""What a run left behind, as shells: of the run, and on demand of a lot and of a cell."""
