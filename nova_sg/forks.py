# SPDX-License-Identifier: Apache-2.0

"""What a forked child inherits: locks that are held, and connections.

A child has only the thread that forked. A lock that another thread of the
parent holds at that moment is held in the child for ever::

    t=0  thread A of an API process reads a list, and holds the lock of what
         is known of services
    t=1  thread B forks a worker
    t=2  A releases the lock in the parent; the worker waits for it for ever

So a lock of an object that may outlive a fork is made by :func:`renewed`. A
connection of the parent's is forgotten, see :class:`PerProcess`.
"""

from collections.abc import Callable
from collections.abc import Hashable
import os
import threading
from typing import Generic
from typing import TypeVar
import weakref

T = TypeVar('T')

#: How to make attributes anew, of each object that has such attributes.
_makers: 'weakref.WeakKeyDictionary[object, dict[str, Callable[[], object]]]'
_makers = weakref.WeakKeyDictionary()


def renewed(owner: object, attribute: str, make: Callable[[], T]) -> T:
    """Return what an attribute is set to, now and in each forked child.

    ::

        self._lock = forks.renewed(self, '_lock', threading.Lock)

    Costs nothing where the attribute is used.

    :param owner: the object with the attribute; it is not kept alive
    :param attribute: its name
    :param make: makes the value; must not refer to ``owner``
    """
    _makers.setdefault(owner, {})[attribute] = make
    return make()


def _after_fork() -> None:
    for owner, makers in list(_makers.items()):
        for attribute, make in makers.items():
            setattr(owner, attribute, make())


os.register_at_fork(after_in_child=_after_fork)


class PerProcess(Generic[T]):
    """What a process has once for the same options, while it is used.

    :param forget: has one that a forked child inherited forget its parent
    """

    def __init__(self, forget: Callable[[T], None]) -> None:
        self._forget = forget
        self._made: weakref.WeakValueDictionary[Hashable, T] = (
            weakref.WeakValueDictionary()
        )
        self._lock = renewed(self, '_lock', threading.Lock)
        os.register_at_fork(after_in_child=self._after_fork)

    def get(self, options: Hashable, make: Callable[[], T]) -> T:
        """Return the one for some options, made at its first use."""
        with self._lock:
            found = self._made.get(options)
            if found is None:
                found = self._made[options] = make()
            return found

    def all(self) -> list[T]:
        """Return those that are used."""
        return list(self._made.values())

    def _after_fork(self) -> None:
        for each in self.all():
            self._forget(each)
