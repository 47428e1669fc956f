# SPDX-License-Identifier: Apache-2.0

"""The functions through which nova reaches the ``services`` table.

nova's objects, a few other callers and many of nova's tests go through the
``service_*`` functions of ``nova.db.main.api``. At each call, each of them
looks which driver owns the services. With ``driver = db``, and without a
driver, nova owns them, and the function is nova's own, untouched:
its cells, transactions, soft deletes and retries are nova's, and switching
nova_sg on or off needs no migration. Else the call goes to
``servicegroup.API``, and no statement names ``services``.

Why here and not in the objects alone: direct callers of these functions would
read a table that is no longer written.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import functools
import inspect
from typing import Any

from nova import conf as nova_conf
from nova import exception as nova_exception
from nova.db.main import api as db
from nova.i18n import _

from nova_sg import exception
from nova_sg import servicegroup
from nova_sg.inventory import base as inventory_base
from nova_sg.nova_tree import beats
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import compute_nodes
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import moved
from nova_sg.nova_tree import once
from nova_sg.nova_tree import originals
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import rows
from nova_sg.nova_tree import takeover
from nova_sg.nova_tree.grouped import driver as grouped
from nova_sg.servicegroup import record as sg_record

CONF = nova_conf.CONF


class ServiceFunctions(takeover.Takeover):
    """Every ``service_*`` function of ``nova.db.main.api``."""

    name = 'the service functions of nova.db.main.api'

    def check(self) -> None:
        for name, ours in FUNCTIONS.items():
            _api, *parameters = inspect.signature(ours).parameters
            self.expect_function(db, name, *parameters)
        unknown = [
            name
            for name in vars(db)
            if name.startswith('service_') and name not in FUNCTIONS
        ]
        if unknown:
            self.unexpected(
                f'nova.db.main.api to have no {", ".join(sorted(unknown))}'
            )

    def take(self, patches: takeover.Patches) -> None:
        for name, ours in FUNCTIONS.items():
            patches.set(db, name, _switch(getattr(db, name), ours))


def _switch(
    novas: Callable[..., Any], ours: Callable[..., Any]
) -> Callable[..., Any]:
    """Return a function that is nova's, or ours where nova_sg is the owner."""

    @functools.wraps(novas)
    def switch(context: Any, *args: Any, **kwargs: Any) -> Any:
        if originals.inside():
            return novas(context, *args, **kwargs)
        api = owner.get()
        if api is None:
            moved.refuse(context)
            if owner.groups_beats() and novas.__name__ not in once.CHANGES:
                return grouped.noting_outages(novas, context, *args, **kwargs)
            if owner.driver() is None or novas.__name__ not in once.CHANGES:
                return novas(context, *args, **kwargs)
            made_once = once.CHANGES[novas.__name__]
            change = once.Change.of(context)
            return made_once(change, novas, *args, **kwargs)
        with errors.as_novas():
            owner.check_cell(api, context)
            return ours(api, context, *args, **kwargs)

    # For a record store in nova's table (see .originals).
    switch.novas = novas  # type: ignore[attr-defined]
    return switch


# What stands in their place. Each has the parameters of nova's function of
# that name, behind the owner.


def service_get(
    api: servicegroup.API, context: Any, service_id: Any
) -> rows.Row:
    return rows.Row(_by_id(api, cells.Context(context), service_id))


def service_get_by_uuid(
    api: servicegroup.API, context: Any, service_uuid: str
) -> rows.Row:
    return rows.Row(api.get_by_uuid(cells.Context(context), service_uuid))


def service_get_by_host_and_topic(
    api: servicegroup.API, context: Any, host: str, topic: str
) -> rows.Row | None:
    found = api.get_by_host_and_topic(cells.Context(context), host, topic)
    return None if found is None else rows.Row(found)


def service_get_by_host_and_binary(
    api: servicegroup.API, context: Any, host: str, binary: str
) -> rows.Row:
    found = api.get_by_host_and_binary(cells.Context(context), host, binary)
    if found is None:
        raise nova_exception.HostBinaryNotFound(host=host, binary=binary)
    return rows.Row(found)


def service_get_by_compute_host(
    api: servicegroup.API, context: Any, host: str
) -> rows.Row:
    found = api.get_by_host_and_binary(
        cells.Context(context), host, inventory_base.COMPUTE_BINARY
    )
    if found is None:
        raise nova_exception.ComputeHostNotFound(host=host)
    return rows.Row(found)


def service_get_minimum_version(
    api: servicegroup.API, context: Any, binaries: Sequence[str]
) -> Mapping[str, int]:
    return dict(api.minimum_versions(cells.Context(context), list(binaries)))


def service_get_all(
    api: servicegroup.API, context: Any, disabled: bool | None = None
) -> list[rows.Row]:
    return _list(api, context, disabled=disabled)


def service_get_all_by_topic(
    api: servicegroup.API, context: Any, topic: str
) -> list[rows.Row]:
    return _list(api, context, topic=topic, disabled=False)


def service_get_all_by_binary(
    api: servicegroup.API,
    context: Any,
    binary: str,
    include_disabled: bool = False,
) -> list[rows.Row]:
    disabled = None if include_disabled else False
    return _list(api, context, binary=binary, disabled=disabled)


def service_get_all_by_host(
    api: servicegroup.API, context: Any, host: str
) -> list[rows.Row]:
    return _list(api, context, host=host)


def service_get_all_computes_by_hv_type(
    api: servicegroup.API,
    context: Any,
    hv_type: str,
    include_disabled: bool = False,
) -> list[rows.Row]:
    computes = service_get_all_by_binary(
        api, context, inventory_base.COMPUTE_BINARY, include_disabled
    )
    hosts = compute_nodes.hosts_of_type(context, hv_type)
    return [each for each in computes if each.record.host in hosts]


def service_create(
    api: servicegroup.API, context: Any, values: Mapping[str, Any]
) -> rows.Row:
    values = {
        name: value
        for name, value in values.items()
        if name in sg_record.CREATE_FIELDS and value is not None
    }
    is_compute = values.get('binary') == inventory_base.COMPUTE_BINARY
    if is_compute and not CONF.enable_new_services:
        values['disabled'] = True
        values['disabled_reason'] = _(
            'New compute service disabled due to config option.'
        )
    return rows.Row(api.create(cells.Context(context), values))


def service_update(
    api: servicegroup.API,
    context: Any,
    service_id: Any,
    values: Mapping[str, Any],
) -> rows.Row:
    """Write what changed, or take a beat for what it is.

    A beat of nova's own scheme is a ``report_count`` that has grown. It is
    never written to a record: the membership is told. ``version`` is written
    where it differs, since it goes with each save of an object that was not
    read before.
    """
    ours = cells.Context(context)
    found = _to_change(api, ours, service_id)
    changes = {
        name: value
        for name, value in values.items()
        if name in sg_record.UPDATE_FIELDS
        and not (name == 'version' and value == found.version)
    }
    if values.get('report_count', 0) > found.report_count and (
        not found.deleted
    ):
        beats.take(api, ours, found)
    if changes or found.deleted:
        found = api.update(ours, found.uuid, changes)
    return rows.Row(found)


def service_destroy(
    api: servicegroup.API, context: Any, service_id: Any
) -> None:
    """Take a service away, its compute nodes first.

    Each step can be repeated, so that after a failure the same call finishes
    what the first began.
    """
    ours = cells.Context(context)
    gone = _to_change(api, ours, service_id)
    is_compute = gone.binary == inventory_base.COMPUTE_BINARY
    # What the host of one that is gone has by now is another service's.
    if is_compute and not gone.deleted:
        compute_nodes.remove(context, gone.host, gone.id)
    api.forget(ours, gone.uuid)


def _by_id(
    api: servicegroup.API, context: cells.Context, service_id: Any
) -> sg_record.Record:
    # Before 2.53 the REST API hands on the text of a URL.
    return api.get_by_id(context, int(service_id))


def _to_change(
    api: servicegroup.API, context: cells.Context, service_id: Any
) -> sg_record.Record:
    """Return the service that a change is for.

    :returns: for a call that may be sent again also one that was destroyed:
        the owner then finds out whether the change was made before that
    """
    try:
        return _by_id(api, context, service_id)
    except exception.ServiceNotFound:
        if context.change is None:
            raise
        for trace in api.driver.records.traces(context):
            if trace.id == int(service_id):
                return trace
        raise


def _list(api: servicegroup.API, context: Any, **filters: Any) -> Any:
    records, alive = api.list(cells.Context(context), **filters)
    return [rows.Row(each, alive.get(each.uuid)) for each in records]


#: Each function by its name.
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        service_create,
        service_destroy,
        service_get,
        service_get_all,
        service_get_all_by_binary,
        service_get_all_by_host,
        service_get_all_by_topic,
        service_get_all_computes_by_hv_type,
        service_get_by_compute_host,
        service_get_by_host_and_binary,
        service_get_by_host_and_topic,
        service_get_by_uuid,
        service_get_minimum_version,
        service_update,
    )
}
