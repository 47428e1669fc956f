# SPDX-License-Identifier: Apache-2.0

"""Metrics and probes of the services of nova.

``[monitoring] ports`` names them by their binaries. The port is opened before
workers are forked; each then counts for itself, and any of them answers for
all.
"""

import atexit
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import os
import time
from typing import Any

from nova import conf as nova_conf
from nova import context as nova_context
from nova import objects
from nova import service as nova_service
from nova import servicegroup as nova_servicegroup

from nova_sg import exception
from nova_sg import exits
from nova_sg.metrics import monitor as sg_monitor
from nova_sg.nova_tree import lifetime
from nova_sg.nova_tree import moved
from nova_sg.nova_tree import options
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import reasons as tree_reasons
from nova_sg.nova_tree import serving
from nova_sg.nova_tree import takeover
from nova_sg.nova_tree.grouped import reader
from nova_sg.objects import overview
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import marker as sg_marker
from nova_sg.servicegroup import reasons

CONF = nova_conf.CONF

#: That of this process and its workers.
_monitor: sg_monitor.Monitor | None = None


class Monitoring(takeover.Takeover):
    """How a service of nova starts and stops."""

    name = 'the metrics of a service of nova'

    def wrapped(self) -> Sequence[takeover.Wrapped]:
        return lifetime.wrapped(_serve, _start, _stop)


class NovaSource(overview.Source):
    """The services that nova's own objects list: those of its cell."""

    def listing(self) -> Iterator[overview.Seen]:
        context = nova_context.get_admin_context()
        api = nova_servicegroup.API()
        states: dict[str, str] = {}
        there = objects.ServiceList.get_all(context, set_zones=True)
        for each in there:
            try:
                up = not each.forced_down and api.service_is_up(each)
                states[each.uuid] = liveness.UP if up else liveness.DOWN
            except exception.ServiceGroupUnavailable:
                states[each.uuid] = liveness.UNKNOWN
        down = [e for e in there if states[e.uuid] == liveness.DOWN]
        why = _departures(down)
        for each in there:
            yield overview.see(
                each,
                each.availability_zone or '',
                states[each.uuid],
                why.get(each.uuid),
            )

    @property
    def marker(self) -> sg_marker.Marker:
        mine = owner.get()
        novas: sg_marker.Marker = moved.novas_marker()
        return novas if mine is None else mine.marker

    @property
    def age(self) -> float:
        if owner.groups_beats():
            return reader.knowledge_age()
        mine = owner.get()
        return 0.0 if mine is None else mine.knowledge_age


def _departures(down: Sequence[Any]) -> Mapping[str, reasons.Departure]:
    """Return why services are down."""
    verdict = liveness.Liveness(False, None, time.monotonic())
    return tree_reasons.of(down, {each.uuid: verdict for each in down})


def prepare(program: str) -> sg_monitor.Monitor:
    """Open the port of a service, where it has one.

    :param program: its binary
    :raises InvalidConfiguration: naming the option that cannot be used
    """
    conf: Any = options.TreeConf(uses_conductor=False)
    made = sg_monitor.Monitor(conf, program)
    master = os.getpid()

    def remove() -> None:
        if os.getpid() == master:
            made.remove()

    atexit.register(remove)
    return made


def _serve(
    novas: Callable[..., None], server: Any, *args: Any, **kwargs: Any
) -> None:
    global _monitor
    if isinstance(server, nova_service.Service):
        try:
            _monitor = prepare(server.binary)
        except exception.NovaSgException as error:
            serving.refuse(server.binary, exits.exit_code(error), str(error))
    novas(server, *args, **kwargs)


def _start(novas: Callable[[Any], None], service: Any) -> None:
    if _monitor is None:
        novas(service)
        return
    # First, so that it counts what the service does to begin.
    _monitor.begin(NovaSource())
    novas(service)
    health = _monitor.health
    if health is not None:
        health.set_ready(True)
        # The service's own loop, and no thread beside it.
        service.tg.add_timer(health.turn, health.turned)


def _stop(novas: Callable[[Any], None], service: Any) -> None:
    if _monitor is None:
        novas(service)
        return
    health = _monitor.health
    if health is not None:
        health.set_ready(False)
    try:
        novas(service)
    finally:
        _monitor.end()
