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
from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import knowledge
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import member as sg_member
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base


class Verdicts:
    """The liveness of services, as this process knows it.

    :param conf: a loaded configuration
    :param membership: answers for what is not known here
    :ivar knowledge: what this process last learned
    """

    def __init__(
        self, conf: cfg.ConfigOpts, membership: base.Membership
    ) -> None:
        self._down_time = conf.servicegroup.service_down_time
        self._membership = membership
        self.knowledge = knowledge.Knowledge(
            doubt.bounds_of(conf.servicegroup.report_interval, self._down_time)
        )
        #: Held by the thread that asks for all services.
        self._asking = forks.renewed(self, '_asking', threading.Lock)
        self._has_all = True
        membership.tell_of_doubt(self.knowledge.outages.explained)

    def is_up(
        self, member: Any, context: sg_context.RequestContext | None = None
    ) -> bool:
        """Return whether a service is up; see ``API.service_is_up``."""
        known = self.of(member, context)
        if known is None:
            return self._is_up_by_its_fields(member)
        return known.up

    def of(
        self, member: Any, context: sg_context.RequestContext | None = None
    ) -> liveness.Liveness | None:
        """Return the verdict about a service; see ``API.liveness_of``."""
        uuid = sg_member.field(member, 'uuid')
        if uuid is None:
            return None
        known = self.knowledge.fresh(uuid)
        if known is None:
            context = context or sg_context.get_admin_context()
            if self._has_all and self.knowledge.asks_for_all():
                self._ask_for_all(context, uuid)
                known = self.knowledge.fresh(uuid)
            if known is None:
                known = self.ask(context, [uuid]).get(uuid)
        if known is not None and known.state == liveness.UNKNOWN:
            raise self.unavailable(str(known.unknown))
        return known

    def updated_time(self, member: Any) -> datetime.datetime | None:
        """Return the last change or beat; see ``API.get_updated_time``."""
        known = self.knowledge.last([sg_member.field(member, 'uuid') or ''])
        return sg_member.latest(
            sg_member.time(member, 'created_at'),
            sg_member.time(member, 'updated_at'),
            sg_member.time(member, 'last_seen_up'),
            *(each.last_seen for each in known.values()),
        )

    def ask(
        self, context: sg_context.RequestContext, uuids: Iterable[str]
    ) -> Mapping[str, liveness.Liveness]:
        """Return the verdicts about services; see ``API.liveness``."""
        uuids = list(uuids)
        if self.knowledge.outages.failing:
            error = self.unavailable('it did not answer a moment ago')
            return self.last_known(uuids, error)
        try:
            alive = self._membership.alive(context, uuids)
        except exception.ServiceGroupUnavailable as error:
            self.knowledge.failed(error)
            return self.last_known(uuids, error)
        return self.knowledge.learn(alive)

    def _ask_for_all(
        self, context: sg_context.RequestContext, uuid: str
    ) -> None:
        """Learn the verdicts about all services, if the backend tells.

        What stands in the way of it shows when the service is asked for
        alone.

        :param uuid: a service that was asked for
        """
        if self.knowledge.outages.failing or not self._asking.acquire(
            blocking=False
        ):
            return
        try:
            found = self._membership.all_but(
                context, uuid, self.knowledge.services()
            )
            if found is None:
                self._has_all = False
            elif unsure := self.knowledge.learn_all(found):
                self.ask(context, unsure)
        except exception.ServiceGroupUnavailable as error:
            self.knowledge.failed(error)
        finally:
            self._asking.release()

    def of_listing(
        self,
        records: Sequence[record.Record],
        alive: liveness.Answer,
    ) -> Mapping[str, liveness.Liveness]:
        """Return the verdicts that go with a list of records.

        :param alive: what the driver read along with it
        """
        if not isinstance(alive, exception.ServiceGroupUnavailable):
            return self.knowledge.learn(alive)
        self.knowledge.failed(alive)
        return self.last_known([each.uuid for each in records], alive)

    def last_known(
        self,
        uuids: Sequence[str],
        error: exception.ServiceGroupUnavailable,
    ) -> Mapping[str, liveness.Liveness]:
        """Return the last known verdicts.

        A service of which nothing is known is unknown: one of them is not an
        unknown deployment.

        :raises ServiceGroupUnavailable: ``error``, where nothing is known of
            any of the services
        """
        known = {
            **self.knowledge.last(uuids),
            **self._membership.last_known(uuids),
        }
        if uuids and not known:
            raise error
        why = str(error.kwargs.get('reason', error))
        unknown = liveness.Liveness(False, None, time.monotonic(), (), why)
        return {
            uuid: unknown
            if (last := known.get(uuid)) is None
            else last._replace(unknown=last.unknown or why)
            if last.up
            else last
            for uuid in uuids
        }

    def unavailable(self, reason: str) -> exception.ServiceGroupUnavailable:
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
