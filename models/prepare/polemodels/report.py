"""What the preparation tells the person who runs it: one line at a time, on standard output."""

import sys


def say(line: str) -> None:
    """One line of progress, shown at once."""
    print(f"prepare-models: {line}", flush=True)


def fail(line: str) -> None:
    """One line of trouble."""
    print(f"prepare-models: error: {line}", file=sys.stderr, flush=True)
