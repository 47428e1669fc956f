# SPDX-License-Identifier: Apache-2.0

"""Whether what a list stands on is as it was when nova started.

A test, or another package, that replaces ``HostAPI.service_get_all`` or
``service_is_up`` expects its own to be called. A list in one pass would not
call it, and so is made only where nothing has been replaced: neither in a
class or a module, nor on the object at hand.
"""

from collections.abc import Iterable
from typing import Any

from nova.objects import base as objects_base
from nova.servicegroup import api as nova_api

from nova_sg.nova_tree import owner
from nova_sg.nova_tree import servicegroup

#: A module or class, and the name of a function there.
Place = tuple[Any, str]


class Stock:
    """Remembers functions, and tells whether they are still there.

    :param places: where they are
    """

    def __init__(self, places: Iterable[Place]) -> None:
        self._found = tuple(
            (where, name, vars(where).get(name)) for where, name in places
        )
        self._names = {name for _, name, _ in self._found}

    def is_unchanged(self, *holders: Any) -> bool:
        """Whether all of them are as they were.

        :param holders: objects whose methods they are; a replacement may
            have been put on one of these alone
        """
        return all(
            vars(where).get(name) is found
            for where, name, found in self._found
        ) and all(self._names.isdisjoint(vars(each)) for each in holders)


def is_ours(context: Any, api: Any) -> bool:
    """Whether nova_sg owns the services, and this process reads them itself.

    :param context: nova's, of the request
    :param api: the ``servicegroup.API`` of a controller
    """
    return (
        owner.driver() is not None
        and objects_base.NovaObject.indirection_api is None
        and context.read_deleted == 'no'
        and type(api) is nova_api.API
        and type(api._driver) in servicegroup.DRIVERS
    )
