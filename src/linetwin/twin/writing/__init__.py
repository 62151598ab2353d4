"""Writing to a plant: off unless enabled by address, each change approved by a person."""
