# SPDX-License-Identifier: Apache-2.0

"""Text from elsewhere: of a request, of an operator, of a library."""


def one_line(text: str) -> str:
    """Return a text without line breaks and control characters.

    It becomes no line of its own in an answer or in a log, and cannot steer
    the terminal that shows it.
    """
    printable = (each if each.isprintable() else ' ' for each in text)
    return ' '.join(''.join(printable).split())
