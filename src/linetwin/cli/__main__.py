"""`python -m linetwin.cli` is `linetwin`."""

from linetwin.cli import command

command()
