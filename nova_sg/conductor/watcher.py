# SPDX-License-Identifier: Apache-2.0

"""Watching services go up and down."""

from collections.abc import Mapping
import threading

from oslo_log import log as logging

from nova_sg import context as sg_context
from nova_sg import lasting
from nova_sg import servicegroup
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record

LOG = logging.getLogger(__name__)


class Watcher:
    """Tells of services which have gone up or down, in a thread.

    What it finds at first is no transition, and neither is a service that is
    new, or destroyed. While the backend cannot be asked, or cannot tell, a
    service keeps the state in which it was last known; one that is only
    presumed up has none yet.

    :param api: the servicegroup API of this process
    :param interval: seconds between two looks
    """

    def __init__(self, api: servicegroup.API, interval: float) -> None:
        self._api = api
        self._interval = interval
        self._known: Mapping[str, bool] = {}
        self._trouble = lasting.Trouble(
            LOG,
            'Cannot watch services: %s',
            'Unexpected error while watching services, will try again',
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name='watcher', daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the look under way."""
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """List all services once, and tell what has changed since."""
        context = sg_context.get_admin_context()
        records, alive = self._api.list(context)
        now = {
            each.uuid: alive[each.uuid].up and not each.forced_down
            for each in records
            if each.uuid in alive
            and (each.forced_down or alive[each.uuid].unknown is None)
        }
        changed = [
            each
            for each in records
            if each.uuid in now
            and self._known.get(each.uuid, now[each.uuid]) != now[each.uuid]
        ]
        if changed:
            # Asked about those alone: a round trip, where anything changed.
            why = self._api.departures(context, changed, alive)
            for each in changed:
                self._tell(context, each, now[each.uuid], why[each.uuid])
        there = {each.uuid for each in records}
        before = {
            uuid: up for uuid, up in self._known.items() if uuid in there
        }
        self._known = {**before, **now}

    def _tell(
        self,
        context: sg_context.RequestContext,
        service: record.Record,
        up: bool,
        why: reasons.Departure,
    ) -> None:
        LOG.info(
            '%(binary)s on host %(host)s is %(state)s',
            {
                'binary': service.binary,
                'host': service.host,
                'state': liveness.UP if up else f'{liveness.DOWN}: {why}',
            },
        )
        self._api.notifier.state(context, service, up=up, why=why)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
                self._trouble.over()
            except Exception as error:
                self._trouble.failed(error)
            self._stopping.wait(self._interval)
