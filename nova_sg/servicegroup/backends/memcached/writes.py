# SPDX-License-Identifier: Apache-2.0

"""The latest changes of a record, by their tokens, in its value.

::

    {..., "memcached": {"writes": [["8f14e45fceea4672", 1763843123.1]]}}

A change whose token is there was made: by an attempt whose answer was lost,
or by another conductor that got the same call. The times are seconds since
1970 by the clock of the process that made the change. They only say which
tokens may be dropped, and never take the latest few, as a clock may be wrong.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from nova_sg.servicegroup.records import change

#: The key of what is ours in the value, beside the fields of the record.
_OURS = 'memcached'

#: How many tokens are kept whatever their times say, and how many at most:
#: every list reads them all.
FEWEST = 8
MOST = 64


def holds(unknown: Mapping[str, Any], token: str) -> bool:
    """Return whether a change is among the latest of a record.

    :param unknown: what is beside the fields of the record
    :param token: of the change
    """
    return any(each[0] == token for each in _writes(unknown))


def with_token(
    unknown: Mapping[str, Any], token: str, now: float
) -> dict[str, Any]:
    """Return what is beside the fields of a record after a change.

    :param unknown: what was there before
    :param token: of the change
    :param now: when it is made, seconds since 1970
    """
    writes = [*_writes(unknown), (token, now)]
    latest = len(writes) - FEWEST
    kept = [
        each
        for position, each in enumerate(writes)
        if position >= latest or now - each[1] < change.KEPT
    ]
    return _with(unknown, kept[-MOST:])


def without_token(unknown: Mapping[str, Any], token: str) -> dict[str, Any]:
    """Return what is beside a record after a change was taken back."""
    return _with(
        unknown, [each for each in _writes(unknown) if each[0] != token]
    )


def _with(
    unknown: Mapping[str, Any], writes: Sequence[tuple[str, float]]
) -> dict[str, Any]:
    ours = unknown.get(_OURS)
    return {
        **unknown,
        _OURS: {**(ours if isinstance(ours, dict) else {}), 'writes': writes},
    }


def _writes(unknown: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return tokens and times, oldest first; none of what is not ours."""
    try:
        return [
            (str(token), float(made_at))
            for token, made_at in unknown[_OURS]['writes']
        ]
    except (LookupError, TypeError, ValueError):
        return []
