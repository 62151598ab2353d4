"""The compiled row loop, in C without Python's headers; Python does the same where it is missing.

All `*.c` of this folder are built into one library per platform, `_kernel/<platform>/kernel.so`, by
the hook that builds the FMUs and by `linetwin fmu build`. `library.py` loads it where it is built
from these sources, whose hash it carries; `structures.py` speaks its language.
"""
