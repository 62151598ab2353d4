"""Running a model in a process of its own: a hang or a crash of an FMU ends that process alone.

The process is a spawned interpreter (`worker`), spoken to through its standard input and output.
A message is a frame: its length as four bytes, little-endian, then a MessagePack map. A request
names its `call` (open, start, advance, read, save, restore, apply, close); each is answered by one
frame, with log records before it: `log`, `level`, `category`, `text`. Columns are little-endian
doubles, so every number arrives with its bits; nothing that arrives is ever executed.
"""
