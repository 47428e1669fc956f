# SPDX-License-Identifier: Apache-2.0

"""What is asked of ZooKeeper: functions of a client, still to be sent.

A request sends itself when it is called with a kazoo client, and returns the
client's asynchronous result. Sent one after the other without waiting, many
requests cost one round trip, and ZooKeeper keeps their order.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

#: Called with a KazooClient; returns its IAsyncResult.
Request = Callable[[Any], Any]

#: Called, in kazoo's own thread, with the event a watch has seen. It must
#: not block.
Watch = Callable[[Any], None]


def get(path: str) -> Request:
    """Ask for a value: (bytes, ZnodeStat), or NoNodeError."""
    return lambda client: client.get_async(path)


def exists(path: str, watch: Watch | None = None) -> Request:
    """Ask for the ZnodeStat of a znode, None where there is none.

    :param watch: called once when it comes, changes or goes
    """
    return lambda client: client.exists_async(path, watch)


def children(path: str, watch: Watch | None = None) -> Request:
    """Ask for the names below a znode, or NoNodeError.

    :param watch: called once when one of them comes or goes
    """
    return lambda client: client.get_children_async(path, watch)


def access(path: str) -> Request:
    """Ask for an access list: (ACLs, ZnodeStat), or NoNodeError."""
    return lambda client: client.get_acls_async(path)


def sync(path: str) -> Request:
    """Have the server catch up with the leader before it answers more."""
    return lambda client: client.sync_async(path)


def make(path: str, value: bytes = b'', *, ephemeral: bool = False) -> Request:
    """Create a znode: its path, or NodeExistsError.

    NoNodeError where there is nothing to hold it.

    :param ephemeral: it goes when the session of this process does
    """
    return lambda client: client.create_async(path, value, ephemeral=ephemeral)


def put(path: str, value: bytes) -> Request:
    """Set a value, whatever was there: a ZnodeStat, or NoNodeError."""
    return lambda client: client.set_async(path, value)


def remove(path: str) -> Request:
    """Delete a znode, whatever its version: True, or NoNodeError."""
    return lambda client: client.delete_async(path)


class Operation(NamedTuple):
    """A part of a transaction.

    :param path: the znode it is about
    :param add: called with kazoo's TransactionRequest; adds itself to it
    """

    path: str
    add: Callable[[Any], None]


def create(
    path: str, value: bytes = b'', *, ephemeral: bool = False
) -> Operation:
    """Create a znode; ZooKeeper says NodeExistsError where there is one.

    :param ephemeral: it goes when the session of this process does
    """
    return Operation(
        path, lambda t: t.create(path, value, ephemeral=ephemeral)
    )


def create_next(prefix: str, value: bytes) -> Operation:
    """Create a znode whose name ends with the next number, of 10 digits."""
    return Operation(prefix, lambda t: t.create(prefix, value, sequence=True))


def change(path: str, value: bytes, version: int) -> Operation:
    """Set a value, if its version is still this one."""
    return Operation(path, lambda t: t.set_data(path, value, version))


def delete(path: str, version: int = -1) -> Operation:
    """Delete a znode, if its version is still this one; -1 is any."""
    return Operation(path, lambda t: t.delete(path, version))


def check(path: str, version: int = -1) -> Operation:
    """Have the transaction fail where a znode is not there.

    :param version: the one it must be of; -1 is any
    """
    return Operation(path, lambda t: t.check(path, version))


def transaction(operations: Sequence[Operation]) -> Request:
    """Do all of these, or nothing: a list of results and errors."""

    def send(client: Any) -> Any:
        made = client.transaction()
        for operation in operations:
            operation.add(made)
        return made.commit_async()

    return send
