"""The commands of `python -m stylekit`, one module each: `add_options(command)` and `run(options)`.

`run` returns how it ended: 0 done, 2 bad input, 130 stopped by Ctrl-C with what was made so far kept.
"""

BAD_INPUT, INTERRUPTED = 2, 130
