"""What the twin has said and how it came out; what it wants people to do about it."""
