# SPDX-License-Identifier: Apache-2.0

"""How every command of nova_sg ends, and those of nova's with it inside."""

import enum

from nova_sg import exception


class Exit(enum.IntEnum):
    """What a shell is told."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    UNREACHABLE = 5
    OUTCOME_UNKNOWN = 6


#: An error tells what it means by its HTTP code, in a shell too. 501 is what
#: this configuration does not offer.
_BY_HTTP_CODE = {
    400: Exit.USAGE,
    404: Exit.NOT_FOUND,
    409: Exit.CONFLICT,
    501: Exit.USAGE,
    503: Exit.UNREACHABLE,
}


def exit_code(error: BaseException) -> int:
    """Return the documented exit code for an error."""
    if isinstance(error, exception.OutcomeUnknown):
        return Exit.OUTCOME_UNKNOWN
    if isinstance(error, exception.CredentialRefused):
        return Exit.USAGE
    if isinstance(error, exception.NovaSgException):
        return _BY_HTTP_CODE.get(error.code, Exit.UNEXPECTED)
    return Exit.UNEXPECTED


def one_line(error: BaseException) -> str:
    """Return what an error says, in one line."""
    text = ' '.join(str(error).split())
    if isinstance(error, (exception.NovaSgException, OSError)):
        return text
    return f'unexpected {type(error).__name__}: {text} (--debug shows where)'
