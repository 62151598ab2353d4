"""Stand-ins learnt from an FMU's own answers: recorded in a line, and at designed points."""
