"""How a command ends: 0 done, 2 bad input, 130 stopped by Ctrl-C with what was made so far kept."""

BAD_INPUT = 2
INTERRUPTED = 130
