# SPDX-License-Identifier: Apache-2.0

"""The integer ids of the records of a cell.

A write of ``next-id`` raises its version by one, and no two writers get the
same version: a counter for which nobody has to contend. What is added to it
is in ``first-id``, and is raised when records come with ids of their own.
"""

from kazoo import exceptions

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session


def take(
    session: sg_session.Session, cell: layout.CellLayout, deadline: float
) -> tuple[int, int]:
    """Return an id that nobody else is given, and the time.

    :returns: the id, and ZooKeeper's time in milliseconds
    :raises ServiceGroupUnavailable: ZooKeeper cannot be asked
    """
    asked = [requests.count(cell.next_id), requests.get(cell.first_id)]
    counted, first = answers = session.ask(asked, deadline)
    if any(isinstance(each, exceptions.NoNodeError) for each in answers):
        session.make_directories([session.layout.cells, *cell.directories()])
        counted, first = session.ask(asked, deadline)
    service_id = int(first[0] or 0) + counted.version
    if service_id > record.MAX_ID:
        raise session.unavailable(f'all ids of {cell.path} are used up')
    return service_id, counted.mtime


def skip(
    session: sg_session.Session,
    cell: layout.CellLayout,
    service_id: int,
    deadline: float,
) -> None:
    """See to it that no new record is given an id up to this one.

    :raises ServiceGroupUnavailable: ZooKeeper cannot be asked
    """
    asked = [requests.exists(cell.next_id), requests.get(cell.first_id)]
    while True:
        counter, first = session.ask(asked, deadline)
        if counter is None or isinstance(first, exceptions.NoNodeError):
            session.make_directories(
                [session.layout.cells, *cell.directories()]
            )
            continue
        value, stat = first
        if int(value or 0) + counter.version >= service_id:
            return
        raised = str(service_id - counter.version).encode()
        try:
            session.commit(
                [requests.change(cell.first_id, raised, stat.version)],
                deadline,
            )
        except (errors.TransactionFailed, exception.OutcomeUnknown):
            continue  # see how far it is now
