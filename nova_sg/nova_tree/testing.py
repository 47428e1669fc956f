# SPDX-License-Identifier: Apache-2.0

"""nova_sg inside nova's own tests.

A run of nova's tests calls :func:`enable` in each of its processes, after
nova has seen to eventlet and before a test is made. The driver is said as for
any process of nova: in the environment, such as ``OS_SERVICEGROUP__DRIVER``.
"""

from collections.abc import Iterator
import itertools
from typing import Any
import uuid
import weakref

from nova.db.main import api as db
from oslo_utils import timeutils

from nova_sg import nova_tree
from nova_sg.nova_tree import cells
from nova_sg.nova_tree.grouped import clocks
from nova_sg.nova_tree.grouped import written
from nova_sg.servicegroup import record


def enable() -> None:
    """Switch nova_sg on in a process of nova's tests."""
    nova_tree.enable()
    # The first service of a database is number 1 to nova's tests.
    record.ids_to_try = _count
    cells.use(Engines())


def let_tests_set_the_clock() -> None:
    """Take the time of a test for that of its database.

    nova's tests stop the clock of their process, long ago, and write times
    into the table that are a minute older.
    """
    clocks.REFRESH = 0.0
    written.database_time = _time_of_the_test


def _count(first: int | None = None) -> Iterator[int]:
    return itertools.count(1)


def _time_of_the_test(_context: Any) -> float:
    return timeutils.utcnow(with_timezone=True).timestamp()


class Engines:
    """Tells cells apart by the database that a context leads to.

    Under nova's test fixtures one process is many cells, one test after the
    other: contexts lose the uuid of their cell when they are copied, but not
    their connection, and a process with one cell has no other identity.

    With several cells, a context that is not targeted leads to where any
    thread of the process has last targeted one. A service is created and
    joins in one context; so a context stays where it was first.

    In production this would be wrong: each start of a service empties nova's
    cache of cells, and then the same cell gets another engine.
    """

    def __init__(self) -> None:
        self._cells: weakref.WeakKeyDictionary[Any, str] = (
            weakref.WeakKeyDictionary()
        )
        self._untargeted: weakref.WeakKeyDictionary[Any, str] = (
            weakref.WeakKeyDictionary()
        )

    def __call__(self, context: Any) -> str | None:
        if context is None or getattr(context, 'db_connection', None):
            return self._cell_of(context)
        known = self._untargeted.get(context)
        if known is None:
            known = self._untargeted[context] = self._cell_of(context)
        return known

    def _cell_of(self, context: Any) -> str:
        engine = db.get_engine(context=context)
        return self._cells.setdefault(engine, str(uuid.uuid4()))
