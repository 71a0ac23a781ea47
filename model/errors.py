"""A user's mistake, told in one line that says what was wrong and what to do; every door prints it and leaves with exit code 2."""

import sys
from collections.abc import Callable


class FacewiseError(Exception):
    """The message is complete: the offending value, what was expected, and the remedy."""


def exit_code(program: Callable[[], int]) -> int:
    """What `program` returns; 2 after a user's mistake. For programs that are run by `python -m`."""
    try:
        return program()
    except FacewiseError as error:
        print(error, file=sys.stderr)
        return 2
