# SPDX-License-Identifier: Apache-2.0

"""Where the page finds services, and how it changes them."""

import abc
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
from typing import Any
from typing import NamedTuple

from oslo_config import cfg
import webob

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.api import microversion
from nova_sg.api import operation
from nova_sg.api import policy
from nova_sg.api import shown
from nova_sg.api.handlers import services as handlers
from nova_sg.inventory import base as inventory_base
from nova_sg.objects import base as objects_base
from nova_sg.policies import services as policies
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import marker as sg_marker
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.history import entry

#: Entries of the history of a host that its page shows.
HISTORY = 50


class Row(NamedTuple):
    """A service, as the page lists it.

    :param state: ``up``, ``down`` or ``unknown``
    :param reason: why it is not up; empty where that is not known
    :param since: since when it is as it is, where that is known
    """

    uuid: str
    host: str
    binary: str
    zone: str
    state: str
    reason: str
    since: datetime.datetime | None
    disabled: bool
    disabled_reason: str | None
    forced_down: bool

    @property
    def is_fine(self) -> bool:
        """Whether it is up and takes instances."""
        return self.state == liveness.UP and not self.disabled


class Board(abc.ABC):
    """The services of a deployment.

    :cvar sees, acts: the policies that allow to look, and to change
    """

    sees = policies.LIST
    acts = policies.UPDATE

    @abc.abstractmethod
    def listing(self) -> Iterator[Row]:
        """List all services that report their state.

        :raises ServiceGroupUnavailable: they cannot be listed
        """

    @abc.abstractmethod
    def host(
        self, context: sg_context.RequestContext, name: str
    ) -> list[Mapping[str, Any]]:
        """Return what the page of a host shows of its services.

        :raises ServiceGroupUnavailable: they cannot be listed
        """

    @abc.abstractmethod
    def history(
        self, context: sg_context.RequestContext, name: str
    ) -> Sequence[entry.Entry] | None:
        """Return what became of the services of a host, the newest last.

        :returns: None where nothing keeps a history
        :raises ServiceGroupUnavailable: it cannot be read
        """

    @abc.abstractmethod
    def change(
        self,
        context: sg_context.RequestContext,
        uuid: str,
        changes: Mapping[str, Any],
    ) -> None:
        """Change what was decided of a service.

        :param changes: as the body of ``PUT /os-services/{service_id}``
        :raises ServiceNotFound: there is no such service
        """

    @abc.abstractmethod
    def authorize(self, context: sg_context.RequestContext, rule: str) -> None:
        """Refuse the caller if a rule forbids what it asks for.

        :raises PolicyNotAuthorized: naming the rule
        """

    @property
    @abc.abstractmethod
    def marker(self) -> sg_marker.Marker:
        """How the deployment is configured."""

    @property
    @abc.abstractmethod
    def age(self) -> float:
        """Seconds by which the latest list is behind."""


class OwnBoard(Board):
    """The services of nova_sg by itself.

    :param conf: a loaded configuration
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._enforcer = policy.Enforcer(conf)

    def listing(self) -> Iterator[Row]:
        context = sg_context.get_admin_context()
        api = servicegroup.get()
        if objects_base.Object.indirection_api is not None:
            found = objects.ServiceGroupServiceList.get_all(
                context, set_zones=True
            )
            why = _departures(
                context, [e for e in found if e.state == liveness.DOWN]
            )
            for each in found:
                if shown.is_shown(each):
                    yield row(
                        each,
                        each.availability_zone or '',
                        each.state,
                        why.get(each.uuid),
                    )
            return
        # Past the objects, of which there would be thousands.
        records, alive = api.list(context)
        zone_of = api.inventory.zoning([each.host for each in records])
        states = {uuid: known.state for uuid, known in alive.items()}
        why = _departures(
            context,
            [e for e in records if states.get(e.uuid) == liveness.DOWN],
            alive,
        )
        for record in records:
            if record.binary not in shown.API_BINARIES:
                yield row(
                    record,
                    zone_of(record.host, record.topic),
                    states.get(record.uuid, liveness.UNKNOWN),
                    why.get(record.uuid),
                )

    def host(
        self, context: sg_context.RequestContext, name: str
    ) -> list[Mapping[str, Any]]:
        if not shown.may_exist(name):
            return []
        found = objects.ServiceGroupServiceList.get_by_host(
            context, name, set_zones=True
        )
        found = [e for e in found if shown.is_shown(e) and e.host == name]
        why = _departures(context, found)
        return [
            detail(
                each,
                each.availability_zone or '',
                each.state,
                why.get(each.uuid),
            )
            for each in found
        ]

    def history(
        self, context: sg_context.RequestContext, name: str
    ) -> Sequence[entry.Entry] | None:
        question = history_base.Question(host=name, limit=HISTORY)
        try:
            return servicegroup.get().history(context, question)
        except exception.Conflict:
            return None

    def change(
        self,
        context: sg_context.RequestContext,
        uuid: str,
        changes: Mapping[str, Any],
    ) -> None:
        # What REST does, with all that it checks.
        handlers.update(
            operation.Call(
                request=webob.Request.blank('/'),
                conf=self._conf,
                enforcer=self._enforcer,
                context=context,
                version=microversion.MAX,
                path={'service_id': uuid},
                query={},
                body=dict(changes),
            )
        )

    def authorize(self, context: sg_context.RequestContext, rule: str) -> None:
        self._enforcer.authorize(context, rule)

    @property
    def marker(self) -> sg_marker.Marker:
        return servicegroup.get().marker

    @property
    def age(self) -> float:
        return servicegroup.get().knowledge_age


def _departures(
    context: sg_context.RequestContext,
    services: Sequence[Any],
    known: Mapping[str, liveness.Liveness] | None = None,
) -> Mapping[str, reasons.Departure]:
    """Return why services are down; no question where none is."""
    if not services:
        return {}
    return servicegroup.get().departures(context, services, known)


def row(
    service: Any,
    zone: str,
    state: str,
    why: reasons.Departure | None,
) -> Row:
    """Return what the page lists of a service.

    :param service: a record, or an object
    :param state: by its membership
    :param why: it is down, where that is known
    """
    forced = service.forced_down
    since = None
    if forced or (state == liveness.UP and service.disabled):
        since = service.updated_at or service.created_at
    elif state == liveness.DOWN and why is not None:
        since = why.since or why.last_seen
    return Row(
        service.uuid,
        service.host or '',
        service.binary or '',
        zone,
        liveness.DOWN if forced else state,
        reason(state, why, forced),
        since,
        service.disabled,
        service.disabled_reason,
        forced,
    )


def reason(
    state: str, why: reasons.Departure | None, forced_down: bool
) -> str:
    """Return why a service is not up; empty where that is not known.

    :param state: by its membership
    """
    if forced_down:
        return reasons.FORCED
    if state == liveness.UNKNOWN:
        return reasons.UNKNOWN
    if state == liveness.UP or why is None or why.reason == reasons.UNKNOWN:
        return ''
    return why.reason


def detail(
    service: Any,
    zone: str,
    state: str,
    why: reasons.Departure | None,
) -> dict[str, Any]:
    """Return what the page of a host shows of a service.

    :param service: an object
    :param state: by its membership
    :param why: it is as it is, where that is known
    """
    last_seen = None if why is None else why.last_seen
    return {
        **row(service, zone, state, why)._asdict(),
        'version': service.version,
        'last_seen': last_seen or service.last_seen_up,
        'seen_by': None if why is None else why.seen_by,
        'created_at': service.created_at,
        'updated_at': service.updated_at,
        'may_change': service.binary == inventory_base.COMPUTE_BINARY,
    }


def check_confirmed(
    found: list[Mapping[str, Any]], uuid: str, host: str
) -> None:
    """Refuse a change of another service than the one that was confirmed.

    :param found: the services of the host
    :raises ServiceNotFound: the service is not on the host
    """
    if all(each['uuid'] != uuid for each in found):
        raise exception.ServiceNotFound(service_id=f'{uuid} on {host}')
