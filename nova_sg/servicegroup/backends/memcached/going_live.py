# SPDX-License-Identifier: Apache-2.0

"""How a new record goes live, so that a crash leaves nothing behind.

It is written *pending* and expires unless it is finished; then its names are
claimed, it is put into the index, and one compare-and-set makes it live.
"""

from collections.abc import Callable
import contextlib

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import cell as cell_
from nova_sg.servicegroup.backends.memcached import index
from nova_sg.servicegroup.backends.memcached import names as names_

#: Seconds after which a record that was not finished is gone.
PENDING_TTL = 4


def finish(
    cell: cell_.Cell,
    made: record.Record,
    by: str,
    look: Callable[[], cell_.Found | None],
    write: Callable[[cell_.Found], None],
) -> bool:
    """Make a pending record live.

    :param by: what it was written with
    :param look: returns what is there under its uuid
    :param write: makes what is there live, or raises ``Conflict``
    :returns: False where it is not there any more
    :raises ServiceBinaryExists, ServiceTopicExists: a name is taken
    """
    names = names_.Names(cell, made)
    try:
        names.claim()
    except exception.Conflict:
        # It would expire in any case.
        with contextlib.suppress(exception.ServiceGroupUnavailable):
            there = cell.find(made.uuid)
            if there is not None and there.pending == by:
                cell.replace(there, ttl=-1)
        raise
    index.Index(cell, index.LIVE).add(made.uuid)
    found = look()
    if found is None or found.pending != by:
        return False
    write(found)
    return True
