"""The line as Asset Administration Shells: written, read, run from, checked and served.

basyx holds the shells; live values and cells stay in arrays and are projected when asked for.
"""
