"""What if, from now on: a saved twin's line goes on by itself, as it is set or otherwise."""
