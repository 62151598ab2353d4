"""The compiled row loop, in C without Python's headers; Python does the same where it is missing.

`rows.c`, `fmi2.c`, `fmi3.c` and `kernel.h` are built into one library per platform by the hook that
builds the FMUs; `library.py` loads it, `structures.py` speaks its language.
"""
