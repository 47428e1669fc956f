# SPDX-License-Identifier: Apache-2.0

"""What is known of all services, for one scrape after the other.

The services are listed once a scrape, by the worker that is asked. What came
of it is a file that all workers share::

    t=0   a scrape reaches worker A: it lists the services, and writes the text
    t=0.5 a scrape of a second Prometheus reaches worker B: the text is fresh
    t=15  a scrape reaches B: it lists, compares the states with those that A
          found, and counts what has changed
    t=20  the backend is cut off
    t=30  a scrape reaches A: it cannot list. The text of t=15 stands, with
          ``nova_sg_backend_up 0`` and an age of 15 s

A backend that cannot be asked is not a dead service: no state changes because
of it.
"""

import json
import logging
import os
import threading
import time
from typing import NamedTuple

from nova_sg import instruments
from nova_sg import lasting
from nova_sg.metrics import place as sg_place
from nova_sg.metrics import states as sg_states
from nova_sg.metrics import text
from nova_sg.objects import overview
from nova_sg.servicegroup import collector

LOG = logging.getLogger(__name__)

#: Seconds for which a list answers all scrapes.
FRESH = 1.0

#: Seconds for which a scrape waits for the backend. Prometheus gives up after
#: 10, and would then know nothing of this process either.
PATIENCE = 4.0

_TEXT = 'deployment.txt'
_STATES = 'states.txt'
_LOCK = 'deployment.lock'


class Listed(NamedTuple):
    """What came of a list.

    :param at: ``time.monotonic()`` before it was asked for; all processes of
        a machine share that clock
    :param age: seconds by which it was behind then
    :param text: what Prometheus reads
    """

    at: float
    age: float
    text: bytes


class Deployment:
    """Tells of all services.

    :param place: where the workers share it
    :param per_service: tell of each of them, too
    :param source: where they are found; None for those of this package
    """

    def __init__(
        self,
        place: sg_place.Place,
        *,
        per_service: bool,
        source: overview.Source | None = None,
    ) -> None:
        self._place = place
        self._source = source or overview.OwnSource()
        self._per_service = per_service
        #: What this process found last, and when.
        self._states = sg_states.States(frozenset(), {})
        self._states_at = -1.0
        self._trouble = lasting.Trouble(
            LOG,
            'Cannot list services for metrics, which stay as they were: %s',
            'Unexpected error in metrics',
        )

    def text(self) -> bytes:
        """Return what is known, in Prometheus's text format."""
        asked_at = time.monotonic()
        listed = self._listed()
        if listed is None or asked_at - listed.at > FRESH:
            looking = threading.Thread(
                target=self._look,
                # There is nothing to show without another one's list.
                kwargs={'patience': PATIENCE if listed is None else 0.0},
                name='metrics',
                daemon=True,
            )
            looking.start()
            looking.join(PATIENCE)
            listed = self._listed()
        if listed is None:
            return text.of_configuration(self._source.marker)
        behind = max(0.0, asked_at - listed.at)
        age = listed.age + (behind if behind > FRESH else 0.0)
        configuration = text.of_configuration(self._source.marker)
        return b''.join((configuration, text.of_age(age), listed.text))

    def _listed(self) -> Listed | None:
        try:
            content = (self._place.path / _TEXT).read_bytes()
        except FileNotFoundError:
            return None
        head, _, shown = content.partition(b'\n')
        at, age = json.loads(head)
        # That clock begins anew with the machine.
        return Listed(at, age, shown) if at <= time.monotonic() else None

    def _look(self, *, patience: float) -> None:
        """List the services, unless another worker does.

        :param patience: seconds to wait for that one
        """
        with self._place.locked(_LOCK, patience=patience) as locked:
            listed = self._listed()
            at = time.monotonic()
            if not locked or (listed is not None and at - listed.at <= FRESH):
                return
            try:
                with collector.paused():
                    # The list itself is gone again before the collector goes
                    # on: it would look through all of it.
                    states, shown = self._look_through()
            except Exception as error:
                instruments.current.backend_answered(False)
                self._trouble.failed(error)
                return
            instruments.current.backend_answered(True)
            try:
                self._keep(at, listed, states, shown)
            except OSError as error:
                # There is no room for what the backend has answered.
                self._trouble.failed(
                    sg_place.unusable(self._place.path, error)
                )
            else:
                self._trouble.over()

    def _keep(
        self,
        at: float,
        before: Listed | None,
        states: sg_states.States,
        shown: bytes,
    ) -> None:
        """Count what has changed, and write down what was listed.

        :param at: when it was asked for
        :param before: what was written down the last time
        """
        if before is not None and before.at != self._states_at:
            content = (self._place.path / _STATES).read_text()
            self._states = sg_states.States.load(content)
        head = json.dumps([at, self._source.age]).encode()
        self._write(_STATES, states.dump().encode())
        self._write(_TEXT, head + b'\n' + shown)
        # At last: what cannot be written is compared again.
        if before is not None:
            sg_states.count_changes(self._states, states)
        self._states, self._states_at = states, at

    def _look_through(self) -> tuple[sg_states.States, bytes]:
        """Return the states of all services, and what is shown of them."""
        seen = list(self._source.listing())
        shown = text.of(seen, per_service=self._per_service)
        return sg_states.States.of(seen), shown

    def _write(self, name: str, content: bytes) -> None:
        written = self._place.path / f'{name}.new'
        written.write_bytes(content)
        os.replace(written, self._place.path / name)
