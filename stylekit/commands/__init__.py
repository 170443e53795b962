"""The commands of `python -m stylekit`, one module each: `add(commands)` gives its parser, `run(options)` does it."""
