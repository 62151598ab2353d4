"""Shells over HTTP: the read side of Part 2 of the specification (IDTA 01002, API 3.1).

What is asked for goes through a `View`, which holds what a role may see and nothing else; routes
know no other way to a shell.
"""
