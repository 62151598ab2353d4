"""Many runs: designs, execution on processes or a cluster, and the study's folder.

How one run is made is injected by whoever composes the layers, as a module-level function that
worker processes import by name.
"""
