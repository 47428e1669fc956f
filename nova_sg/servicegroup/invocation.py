# SPDX-License-Identifier: Apache-2.0

"""Which run of a unit a process belongs to.

systemd gives each start of a unit an id, and all processes of the unit have
it in their environment. A member of a service carries it, so that a command
which runs when the unit has ended removes what the unit left behind, and
nothing else::

    t=0  systemd starts nova-compute, invocation A; it joins
    t=1  it is killed; systemd runs ExecStopPost with the id of A
    t=2  systemd starts nova-compute again, invocation B; it joins
    t=3  the command of t=1, which was slow, removes the members of A;
         that of B stays
"""

import os
from typing import NamedTuple
import uuid

#: Where systemd says it; see systemd.exec(5).
VARIABLE = 'INVOCATION_ID'


class Removal(NamedTuple):
    """What became of the members of an invocation.

    :param members: how many were removed
    :param kept: why the service may be shown as up all the same; None where
        it is down, but for members of other invocations
    """

    members: int
    kept: str | None = None


def normal(text: str) -> str:
    """Return an invocation as members carry it: 32 hexadecimal digits.

    :raises ValueError: it is none
    """
    return uuid.UUID(text).hex


def current() -> str | None:
    """Return the invocation of this process; None without one."""
    try:
        return normal(os.environ.get(VARIABLE, ''))
    except ValueError:
        return None
