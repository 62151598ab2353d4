"""What the tables of a study tell: effects, indices, noise, surfaces, and where to run the line.

All of it is computed from the study's folder alone, so a page can be made at any time.
"""
