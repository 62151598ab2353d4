"""The feed: a process of its own that reads sources, judges values and hands on columns."""
