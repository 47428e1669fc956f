# SPDX-License-Identifier: Apache-2.0

"""``Instance.services`` without its join with ``services``.

In nova an instance's services are a relationship: a caller that asks one of
the ``instance_*`` functions for the column ``services`` has the table joined.
Resize, migrate, rebuild, unshelve and ``host_status`` do. With the services
elsewhere, nova_sg removes the column from the question and adds the computes
of the hosts to the answer: one more read for each of up to ten hosts, or one
of the computes of all of them, whatever the number of instances. Of nova's own
table that is one statement for any number of hosts. A host whose compute
cannot be read has a stand-in (see :mod:`nova_sg.nova_tree.unread`).

Why at these functions: they are the only ones that take the names of columns
to join, and both nova's objects and direct callers go through them.
"""

from collections.abc import Callable
from collections.abc import Sequence
import functools
import inspect
from typing import Any

from nova import exception as nova_exception
from nova.db.main import api as db
from nova.db.main import models
from oslo_log import log as logging

from nova_sg import exception
from nova_sg import servicegroup
from nova_sg.inventory import base as inventory_base
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import rows
from nova_sg.nova_tree import takeover
from nova_sg.nova_tree import unread

LOG = logging.getLogger(__name__)

COLUMN = 'services'

#: Hosts of which the compute is read alone. A page of servers of one project
#: is mostly on few of them, and a store may have to look at all computes of a
#: large cell for those of some hosts.
FEW = 10

#: The functions of nova.db.main.api that take columns to join.
FUNCTIONS = (
    'instance_get',
    'instance_get_active_by_window_joined',
    'instance_get_all',
    'instance_get_all_by_filters',
    'instance_get_all_by_filters_sort',
    'instance_get_all_by_host',
    'instance_get_all_by_host_and_node',
    'instance_get_by_uuid',
    'instance_update_and_get_original',
)

#: Where an instance keeps what was put into it.
_KEPT = '_nova_sg_services'


class InstanceServices(takeover.Takeover):
    """The relationship ``Instance.services``."""

    name = 'the relationship Instance.services'

    def check(self) -> None:
        self.expect_attribute(models.Instance, COLUMN)
        takers = {
            name
            for name, function in vars(db).items()
            if name.startswith('instance_')
            and callable(function)
            and 'columns_to_join' in inspect.signature(function).parameters
        }
        if takers != set(FUNCTIONS):
            self.unexpected(
                'these functions of nova.db.main.api to take '
                f'columns_to_join: {", ".join(FUNCTIONS)}'
            )

    def take(self, patches: takeover.Patches) -> None:
        for name in FUNCTIONS:
            patches.set(db, name, _switch(getattr(db, name)))
        mapped = vars(models.Instance)[COLUMN]
        patches.set(models.Instance, COLUMN, _FilledIn(mapped))


class _FilledIn:
    """``Instance.services``: what was put in, or else the relationship.

    :param mapped: the attribute that SQLAlchemy made
    """

    def __init__(self, mapped: Any) -> None:
        self._mapped = mapped

    def __get__(self, instance: Any, owner_class: type) -> Any:
        if instance is not None and _KEPT in instance.__dict__:
            return instance.__dict__[_KEPT]
        return self._mapped.__get__(instance, owner_class)

    def __set__(self, instance: Any, value: Any) -> None:
        self._mapped.__set__(instance, value)


def _switch(novas: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(novas)

    @functools.wraps(novas)
    def switch(*args: Any, **kwargs: Any) -> Any:
        asked = signature.bind(*args, **kwargs)
        columns = asked.arguments.get('columns_to_join')
        if not columns or COLUMN not in columns:
            return novas(*args, **kwargs)
        api = owner.get()
        if api is None:
            return novas(*args, **kwargs)
        asked.arguments['columns_to_join'] = [
            column for column in columns if column != COLUMN
        ]
        answer = novas(*asked.args, **asked.kwargs)
        several = isinstance(answer, list | tuple)
        context = asked.arguments['context']
        _fill_in(api, context, answer if several else [answer])
        return answer

    return switch


def _fill_in(
    api: servicegroup.API, context: Any, instances: Sequence[Any]
) -> None:
    """Give instances the computes of their hosts; deleted ones have none."""
    hosts = {
        each['host']
        for each in instances
        if each['host'] and not each['deleted']
    }
    computes = {each.host: each for each in _computes(api, context, hosts)}
    for each in instances:
        compute = None if each['deleted'] else computes.get(each['host'])
        _put(each, [] if compute is None else [compute])


def _computes(
    api: servicegroup.API, context: Any, hosts: set[str]
) -> list[Any]:
    """Return the computes of hosts, and stand-ins for unreadable ones."""
    if len(hosts) > (1 if owner.keeps_rows(api) else FEW):
        return _together(api, context, hosts)
    found: list[Any] = []
    outage: exception.ServiceGroupUnavailable | None = None
    for host in hosts:
        if outage is not None:
            # Not asked for: it may take as long to fail.
            found.append(unread.compute(host, outage))
            continue
        try:
            found.append(db.service_get_by_compute_host(context, host))
        except nova_exception.ComputeHostNotFound:
            continue
        except exception.NovaSgException as error:
            if isinstance(error, exception.ServiceGroupUnavailable):
                outage = error
            _log(error)
            found.append(unread.compute(host, error))
    return found


def _together(
    api: servicegroup.API, context: Any, hosts: set[str]
) -> list[Any]:
    """Return what :func:`_computes` does, in one read."""
    ours = cells.Context(context)
    try:
        with errors.as_novas():
            records, alive = api.of_hosts(
                ours, inventory_base.COMPUTE_BINARY, hosts
            )
    except exception.NovaSgException as error:
        _log(error)
        return [unread.compute(host, error) for host in hosts]
    return [rows.Row(each, alive.get(each.uuid)) for each in records]


def _log(error: exception.NovaSgException) -> None:
    """Log an error that no answer tells of.

    An outage shows elsewhere, and any user may ask at any time.
    """
    outage = isinstance(error, exception.ServiceGroupUnavailable)
    LOG.log(
        logging.DEBUG if outage else logging.ERROR,
        'Servers are read without a compute of their hosts: %s',
        error,
    )


def _put(instance: Any, services: list[Any]) -> None:
    """Keep services where nova looks for them, and SQLAlchemy does not.

    A list of instances is one of dictionaries. A mapped object would take
    what it is given for rows to be written.
    """
    if isinstance(instance, dict):
        instance[COLUMN] = services
    else:
        instance.__dict__[_KEPT] = services
