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
from nova_sg.objects import overview
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

    :param source: lists all of them
    :cvar sees, acts: the policies that allow to look, and to change
    """

    sees = policies.LIST
    acts = policies.UPDATE

    def __init__(self, source: overview.Source) -> None:
        self._source = source

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
    def marker(self) -> sg_marker.Marker:
        """How the deployment is configured."""
        return self._source.marker

    @property
    def age(self) -> float:
        """Seconds by which the latest list is behind."""
        return self._source.age


class OwnBoard(Board):
    """The services of nova_sg by itself."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(overview.OwnSource())
        self._conf = conf
        self._enforcer = policy.Enforcer(conf)

    def listing(self) -> Iterator[Row]:
        for each in self._source.listing():
            if shown.is_shown(each.service):
                yield own_row(each)

    def host(
        self, context: sg_context.RequestContext, name: str
    ) -> list[Mapping[str, Any]]:
        if not shown.may_exist(name):
            return []
        found = objects.ServiceGroupServiceList.get_by_host(
            context, name, set_zones=True
        )
        found = [e for e in found if shown.is_shown(e) and e.host == name]
        why = overview.departures(context, found)
        return [_detail(each, why.get(each.uuid)) for each in found]

    def history(
        self, context: sg_context.RequestContext, name: str
    ) -> Sequence[entry.Entry] | None:
        question = history_base.Question(host=name, limit=HISTORY)
        try:
            return servicegroup.get().history(context, question)
        except (exception.Conflict, exception.ConductorTooOld):
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


def row(seen: overview.Seen, since: datetime.datetime | None) -> Row:
    """Return what the page lists of a service.

    :param since: since when it is as it is, where that is known
    """
    service = seen.service
    unknown = seen.state == liveness.UNKNOWN
    return Row(
        service.uuid,
        service.host or '',
        service.binary or '',
        seen.zone,
        seen.state,
        reasons.UNKNOWN if unknown else seen.reason,
        since,
        bool(service.disabled),
        service.disabled_reason,
        service.forced_down,
    )


def own_row(seen: overview.Seen) -> Row:
    """Return what the page lists of a service of nova_sg by itself."""
    service, why = seen.service, seen.why
    decided = seen.state == liveness.UP and service.disabled
    since = None
    if service.forced_down or decided:
        since = service.updated_at or service.created_at
    elif seen.state == liveness.DOWN and why is not None:
        since = why.since or why.last_seen
    return row(seen, since)


def _detail(service: Any, why: reasons.Departure | None) -> dict[str, Any]:
    """Return what the page of a host shows of a service.

    :param service: an object
    :param why: it is as it is, where that is known
    """
    zone = service.availability_zone or ''
    seen = overview.see(service, zone, service.state, why)
    last_seen = None if why is None else why.last_seen
    return {
        **own_row(seen)._asdict(),
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
