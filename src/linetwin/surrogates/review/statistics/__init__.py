"""Statistics of the quality review: pure functions on arrays, no page and no command."""
