"""What the preparation tells the person who runs it: one line at a time, on standard output."""

import sys

_program = "prepare-models"


def speak_as(program: str) -> None:
    """The name every line begins with from now on."""
    global _program
    _program = program


def say(line: str) -> None:
    """One line of progress, shown at once."""
    print(f"{_program}: {line}", flush=True)


def fail(line: str) -> None:
    """One line of trouble."""
    print(f"{_program}: error: {line}", file=sys.stderr, flush=True)
