# SPDX-License-Identifier: Apache-2.0

"""What a stream may be sent: some terminals understand more than lines."""

import os
from typing import TextIO

#: Values of ``TERM`` of a terminal that shows escape sequences as they are.
_ONLY_LINES = frozenset({'', 'dumb', 'unknown'})


def takes_sequences(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that escape sequences steer."""
    return stream.isatty() and os.environ.get('TERM', '') not in _ONLY_LINES


def takes_colours(stream: TextIO) -> bool:
    """Return whether a stream is a terminal whose user wants colours.

    None are wanted where ``NO_COLOR`` is set (https://no-color.org).
    """
    return takes_sequences(stream) and not os.environ.get('NO_COLOR')
