# SPDX-License-Identifier: Apache-2.0

"""What "up" means: the membership's verdict, and what stands without it."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import threading
import time
from typing import Any

from oslo_config import cfg
from oslo_utils import timeutils

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import forks
from nova_sg.servicegroup import collector
from nova_sg.servicegroup import deployment as sg_deployment
from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import knowledge
from nova_sg.servicegroup import liveness as sg_liveness
from nova_sg.servicegroup import member as sg_member
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base

Context = sg_context.RequestContext


class Verdicts:
    """The liveness of services, as this process knows it.

    The part of ``servicegroup.API`` that asks whether services are up.

    :param conf: a loaded configuration
    :param membership: answers for what is not known here
    :param deployment: the deployment that this process belongs to
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        membership: base.Membership,
        deployment: sg_deployment.Deployment,
    ) -> None:
        self._down_time = conf.servicegroup.service_down_time
        self._membership = membership
        self._deployment = deployment
        self._knowledge = knowledge.Knowledge(
            doubt.bounds_of(conf.servicegroup.report_interval, self._down_time)
        )
        #: Held by the thread that asks for all services.
        self._asking = forks.renewed(self, '_asking', threading.Lock)
        self._has_all = True
        membership.tell_of_doubt(self._knowledge.outages.explained)

    def service_is_up(self, member: Any) -> bool:
        """Return whether a service is up.

        nova's signature. ``forced_down`` wins over the membership.

        :param member: a service object, a record, a database row or a dict
        :raises ServiceGroupUnavailable: the backend cannot be asked, and
            nothing is known of this service
        """
        if sg_member.field(member, 'forced_down'):
            return False
        known = self.liveness_of(member)
        if known is None:
            return self._is_up_by_its_fields(member)
        return known.up

    def liveness_of(
        self, member: Any, context: Context | None = None
    ) -> sg_liveness.Liveness | None:
        """Return the membership's verdict about one service.

        For a caller that has seen to ``forced_down``, and has its own rule for
        what the backend does not know; see :meth:`service_is_up`.

        :param member: as there
        :param context: names the cell of the service; None for this one
        :returns: None where the backend does not know it
        :raises ServiceGroupUnavailable: as there
        """
        self._deployment.check()
        uuid = sg_member.field(member, 'uuid')
        if uuid is None:
            return None
        known = self._knowledge.fresh(uuid)
        if known is None:
            context = context or sg_context.get_admin_context()
            if self._has_all and self._knowledge.asks_for_all():
                self._ask_for_all(context, uuid)
                known = self._knowledge.fresh(uuid)
            if known is None:
                known = self._ask(context, [uuid]).get(uuid)
        if known is not None and known.state == sg_liveness.UNKNOWN:
            raise self._unavailable(str(known.unknown))
        return known

    def get_updated_time(self, member: Any) -> datetime.datetime | None:
        """Return when a service last changed or beat, whichever is newer.

        nova's signature; what REST shows as ``updated_at``.

        :param member: as for :meth:`service_is_up`
        """
        known = self._knowledge.last([sg_member.field(member, 'uuid') or ''])
        return sg_member.latest(
            sg_member.time(member, 'created_at'),
            sg_member.time(member, 'updated_at'),
            sg_member.time(member, 'last_seen_up'),
            *(each.last_seen for each in known.values()),
        )

    def liveness(
        self, context: Context, uuids: Iterable[str]
    ) -> Mapping[str, sg_liveness.Liveness]:
        """Return what is known of many services, by uuid.

        :returns: without those the backend does not know; with those of
            which it is unknown whether they are up
        :raises ServiceGroupUnavailable: the backend cannot be asked, and
            nothing is known of any of them
        """
        self._deployment.check()
        with collector.paused():
            return self._ask(context, uuids)

    @property
    def knowledge_age(self) -> float:
        """Seconds since the backend last answered; 0.0 while it does."""
        return self._knowledge.age

    def _ask(
        self, context: Context, uuids: Iterable[str]
    ) -> Mapping[str, sg_liveness.Liveness]:
        uuids = list(uuids)
        if self._knowledge.outages.failing:
            error = self._unavailable('it did not answer a moment ago')
            return self._last_known(uuids, error)
        try:
            alive = self._membership.alive(context, uuids)
        except exception.ServiceGroupUnavailable as error:
            self._knowledge.failed(error)
            return self._last_known(uuids, error)
        return self._knowledge.learn(alive)

    def _ask_for_all(self, context: Context, uuid: str) -> None:
        """Learn the verdicts about all services, if the backend tells.

        What stands in the way of it shows when the service is asked for
        alone.

        :param uuid: a service that was asked for
        """
        if self._knowledge.outages.failing or not self._asking.acquire(
            blocking=False
        ):
            return
        try:
            found = self._membership.all_but(
                context, uuid, self._knowledge.services()
            )
            if found is None:
                self._has_all = False
            elif unsure := self._knowledge.learn_all(found):
                self._ask(context, unsure)
        except exception.ServiceGroupUnavailable as error:
            self._knowledge.failed(error)
        finally:
            self._asking.release()

    def _of_listing(
        self,
        records: Sequence[record.Record],
        alive: sg_liveness.Answer,
        filters: record.Filters,
    ) -> Mapping[str, sg_liveness.Liveness]:
        """Return the verdicts that go with a list of records.

        :param alive: what the driver read along with it
        :param filters: by what the services were chosen
        """
        if isinstance(alive, sg_liveness.Listed):
            return self._knowledge.learn_list(records, alive, filters)
        if not isinstance(alive, exception.ServiceGroupUnavailable):
            return self._knowledge.learn(alive)
        self._knowledge.failed(alive)
        return self._last_known([each.uuid for each in records], alive)

    def _last_known(
        self,
        uuids: Sequence[str],
        error: exception.ServiceGroupUnavailable,
    ) -> Mapping[str, sg_liveness.Liveness]:
        """Return the last known verdicts.

        A service of which nothing is known is unknown: one of them is not an
        unknown deployment.

        :raises ServiceGroupUnavailable: ``error``, where nothing is known of
            any of the services
        """
        known = {
            **self._knowledge.last(uuids),
            **self._membership.last_known(uuids),
        }
        if uuids and not known:
            raise error
        why = str(error.kwargs.get('reason', error))
        unknown = sg_liveness.Liveness(False, None, time.monotonic(), (), why)
        return {
            uuid: unknown
            if (last := known.get(uuid)) is None
            else last._replace(unknown=last.unknown or why)
            if last.up
            else last
            for uuid in uuids
        }

    def _unavailable(self, reason: str) -> exception.ServiceGroupUnavailable:
        return exception.ServiceGroupUnavailable(
            backend=self._membership.marker_store.name, reason=reason
        )

    def _is_up_by_its_fields(self, member: Any) -> bool:
        """Apply nova's own rule to a row that the store does not know.

        The only verdict in which this host's clock has a part.
        """
        seen = sg_member.time(member, 'last_seen_up') or sg_member.time(
            member, 'created_at'
        )
        if seen is None:
            raise exception.InvalidInput(
                reason='a member needs a uuid, last_seen_up or created_at'
            )
        elapsed = timeutils.delta_seconds(
            timeutils.normalize_time(seen), timeutils.utcnow()
        )
        return bool(abs(elapsed) <= self._down_time)
