"""How the command ends; other programs rely on these."""

DONE = 0
FAILED = 1
"""The input, or the check of it, failed."""
WRONG_USAGE = 2
INTERRUPTED = 130
"""Ctrl-C, as shells count it: 128 and the signal's number."""
READER_GONE = 141
"""The reader of a pipe has closed it, as by `| head`."""
