"""The virtual plant: an OPC UA server that plays a line, and shows what a plant would show of it.

model       the information model, plain data made from a resolved scenario
panel       a sink: what the line tells while it runs becomes changes of the model's tags
carrying    what happens to a value on its way: late, missing, out of order, twice, wrong clock
requests    commands: a change of a set value is asked for, and accepted or refused
server      the OPC UA server, in a thread with a loop of its own
playing     steps the line in time with the wall clock and hands over what has changed
"""
