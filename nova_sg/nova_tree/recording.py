# SPDX-License-Identifier: Apache-2.0

"""The transitions of services, recorded by nova's conductors.

A conductor is there in each cell, and has the database of the cell. One
worker of each host lists the services of its cell once per interval.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import time
from typing import Any

from nova import conf as nova_conf
from nova import context as nova_context
from nova import servicegroup as nova_servicegroup
from nova.objects import base as objects_base

from nova_sg import context as sg_context
from nova_sg import turn
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import lifetime
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import reasons as novas_reasons
from nova_sg.nova_tree import shown
from nova_sg.nova_tree import takeover
from nova_sg.nova_tree import transitions
from nova_sg.nova_tree.lists import reading
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.history import recorder
from nova_sg.servicegroup.history import recording

CONF = nova_conf.CONF

CONDUCTOR = 'nova-conductor'

#: Made before workers are forked: one of them records.
_turn: turn.Turn | None = None
_recording: recording.Recording | None = None


class Recording(takeover.Takeover):
    """How a conductor starts and stops."""

    name = 'the start of a conductor'

    def wrapped(self) -> Sequence[takeover.Wrapped]:
        return lifetime.wrapped(_serve, _start, _stop)


class NovasServices:
    """The services of nova's own table, for a recorder."""

    @errors.as_ours()
    def list(
        self, _context: sg_context.RequestContext
    ) -> tuple[Sequence[Any], Mapping[str, liveness.Liveness]]:
        """Return the services that report, and what is known of them."""
        driver = nova_servicegroup.API()._driver
        cell = reading.Reading(driver).read(nova_context.get_admin_context())
        services = [
            each
            for each in cell.services
            if each.binary not in shown.API_SERVICES
        ]
        now = time.monotonic()
        return services, {
            each.uuid: liveness.Liveness(
                bool(each.up),
                None,
                now,
                (),
                str(cell.error) if each.up is None else None,
            )
            for each in services
        }

    def departures(
        self,
        _context: sg_context.RequestContext,
        services: Iterable[Any],
        known: Mapping[str, liveness.Liveness] | None = None,
    ) -> Mapping[str, reasons.Departure]:
        """Return why services are up or down; it never fails."""
        there = list(services)
        found = novas_reasons.traces_in(
            nova_context.get_admin_context(), [each.uuid for each in there]
        )
        return novas_reasons.explain(there, known or {}, found)


def begin(may: Callable[[], bool]) -> recording.Recording | None:
    """Return what records the transitions of this cell, not started yet.

    :param may: tells whether this worker is the one to do it
    :returns: None where this process is not to
    """
    observer = f'{CONDUCTOR} on {CONF.host}'
    api = owner.get()
    if api is not None:
        return api.recording(observer, may, _context)
    if not owner.has_novas_scheme() or not CONF.history.enabled:
        return None
    return recording.Recording(
        recorder.Recorder(
            NovasServices(),
            transitions.of_novas_table(),
            observer,
            _context,
        ),
        CONF.history.interval,
        may,
    )


def _context() -> cells.Context:
    return cells.Context(nova_context.get_admin_context())


def _serve(
    novas: Callable[..., None], server: Any, *args: Any, **kwargs: Any
) -> None:
    global _turn
    if getattr(server, 'binary', None) == CONDUCTOR:
        _turn = turn.Turn()
    novas(server, *args, **kwargs)


def _start(novas: Callable[[Any], None], service: Any) -> None:
    global _recording
    novas(service)
    if (
        _turn is not None
        and service.binary == CONDUCTOR
        and objects_base.NovaObject.indirection_api is None
    ):
        _recording = begin(_turn.mine)
        if _recording is not None:
            _recording.start()


def _stop(novas: Callable[[Any], None], service: Any) -> None:
    if _recording is not None:
        _recording.stop()
    novas(service)
