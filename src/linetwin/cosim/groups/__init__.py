"""FMUs that exchange signals between events: a group, described in a file, stepped as one.

`read_group` reads and checks the file, `FmuGroup` runs it, `GroupContinuous` is its model interface
for the line, `simulate_group` runs it alone.
"""

from linetwin.cosim.groups.continuous import GroupContinuous
from linetwin.cosim.groups.definition import Group, Terminal
from linetwin.cosim.groups.group import FmuGroup
from linetwin.cosim.groups.reading import is_group, read_group
from linetwin.cosim.groups.simulation import group_findings, simulate_group, simulated_group

__all__ = [
    "FmuGroup",
    "Group",
    "GroupContinuous",
    "Terminal",
    "group_findings",
    "is_group",
    "read_group",
    "simulate_group",
    "simulated_group",
]
