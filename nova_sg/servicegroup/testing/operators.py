# SPDX-License-Identifier: Apache-2.0

"""Processes that decide at random, and note what they did and saw.

Each writes a line when a call begins, and one when it returns: where it is
killed between them, nobody knows what became of the call.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import contextlib
import json
import math
import random
import time
from typing import Any
import uuid as uuids

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import record
from nova_sg.servicegroup.testing import linearize

BINARY = 'nova-compute'

#: The fields that are decided here, as they are at first.
FIELDS = {'disabled': False, 'disabled_reason': None, 'forced_down': False}

#: Seconds for which the same services are dealt with, and how many. Few, so
#: that they are in each other's way; for a short time, so that the history
#: of each is short.
SLOT = 0.3
SERVICES = 2

#: Seconds between two calls, at most.
PAUSE = 0.01

KINDS = ('read', 'update', 'create', 'destroy')
WEIGHTS = (4, 4, 1, 1)

_ERRORS: Mapping[type[exception.NovaSgException], str] = {
    exception.ServiceBinaryExists: linearize.EXISTS,
    exception.ServiceNotFound: linearize.NOT_FOUND,
    exception.OutcomeUnknown: linearize.UNKNOWN,
}


def state_of(found: record.Record | None) -> linearize.State:
    """Return what was read of a service."""
    if found is None:
        return None
    return found.uuid, tuple(
        sorted((name, getattr(found, name)) for name in FIELDS)
    )


def operate(
    api: sg_api.API, path: str, name: str, seed: int, start: float, end: float
) -> None:
    """Decide and read at random.

    :param path: where to note it
    :param name: of this process
    :param seed: the same seed decides alike
    :param start: ``time.monotonic()`` when the first slot begins
    :param end: when to stop
    """
    with open(path, 'a', buffering=1) as log:
        # A history has hosts of its own: a reader that may be behind could
        # still see those of the one before.
        operator = _Operator(api, log, name, seed, f'h{start:.0f}')
        while time.monotonic() < end:
            slot = int((time.monotonic() - start) / SLOT)
            operator.act(slot)


class _Operator:
    def __init__(
        self, api: sg_api.API, log: Any, name: str, seed: int, hosts: str
    ) -> None:
        self._api = api
        self._hosts = hosts
        self._log = log
        self._name = name
        self._chance = random.Random(f'{name} {seed}')
        self._context = sg_context.get_admin_context()
        # The uuid of each host's service, as it was last read.
        self._uuids: dict[str, str] = {}
        self._number = 0

    def act(self, slot: int) -> None:
        """Do something to a service, or read one."""
        host = f'{self._hosts}-{slot}-{self._chance.randrange(SERVICES)}'
        (kind,) = self._chance.choices(KINDS, WEIGHTS)
        uuid = self._uuids.get(host)
        if uuid is None and kind in ('update', 'destroy'):
            kind = 'create'
        self._number += 1
        calls: Mapping[str, Callable[[], None]] = {
            'read': lambda: self._read(host),
            'create': lambda: self._create(host),
            'update': lambda: self._update(host, str(uuid)),
            'destroy': lambda: self._destroy(host, str(uuid)),
        }
        with contextlib.suppress(exception.ServiceGroupUnavailable):
            calls[kind]()
        time.sleep(self._chance.random() * PAUSE)

    def _read(self, host: str) -> None:
        records = self._api.driver.records
        if self._chance.random() < 0.5:
            begun = time.monotonic()
            found = records.get_by_host_and_binary(self._context, host, BINARY)
        else:
            begun = time.monotonic()
            listed = records.list(self._context, host=host)
            found = listed[0] if listed else None
        seen = state_of(found)
        self._begin('read', host, None, {}, begun)
        self._end(linearize.DONE, seen)
        self._remember(host, seen and seen[0])

    def _create(self, host: str) -> None:
        uuid = str(uuids.UUID(int=self._chance.getrandbits(128), version=4))
        fields = {**FIELDS, 'disabled_reason': self._reason()}
        answer = self._change(
            'create',
            host,
            uuid,
            fields,
            lambda: self._api.create(
                self._context,
                {'host': host, 'binary': BINARY, 'uuid': uuid, **fields},
            ),
        )
        if answer in (linearize.DONE, linearize.UNKNOWN):
            self._remember(host, uuid)

    def _update(self, host: str, uuid: str) -> None:
        # All of them, see linearize. Updates of some fields race elsewhere.
        changes = {
            'disabled': self._chance.random() < 0.5,
            'disabled_reason': self._reason(),
            'forced_down': self._chance.random() < 0.5,
        }
        self._change(
            'update',
            host,
            uuid,
            changes,
            lambda: self._api.update(self._context, uuid, changes),
        )

    def _destroy(self, host: str, uuid: str) -> None:
        self._change(
            'destroy',
            host,
            uuid,
            {},
            lambda: self._api.destroy(self._context, uuid),
        )

    def _reason(self) -> str:
        return f'{self._name}-{self._number}'

    def _change(
        self,
        kind: str,
        host: str,
        uuid: str,
        values: Mapping[str, Any],
        call: Callable[[], object],
    ) -> str:
        """Make a change; return the answer to it."""
        self._begin(kind, host, uuid, values, time.monotonic())
        answer = linearize.DONE
        try:
            call()
        except exception.NovaSgException as error:
            answer = _ERRORS.get(type(error), '')
            if not answer:
                if not isinstance(error, exception.ServiceGroupUnavailable):
                    raise
                answer = linearize.REFUSED
        if (kind, answer) == ('create', linearize.NOT_FOUND):
            # It was made, and another process was faster to destroy it.
            answer = linearize.DONE
        self._end(answer)
        if answer == linearize.NOT_FOUND:
            self._remember(host, None)
        return answer

    def _remember(self, host: str, uuid: str | None) -> None:
        if uuid is None:
            self._uuids.pop(host, None)
        else:
            self._uuids[host] = uuid

    def _begin(
        self,
        kind: str,
        host: str,
        uuid: str | None,
        values: Mapping[str, Any],
        begun: float,
    ) -> None:
        self._write(kind, host, uuid, sorted(values.items()), begun)

    def _end(self, answer: str, seen: linearize.State = None) -> None:
        self._write(time.monotonic(), answer, seen)

    def _write(self, *values: Any) -> None:
        self._log.write(json.dumps(values) + '\n')


def history(
    name: str, lines: Iterable[str]
) -> Iterable[tuple[str, linearize.Operation]]:
    """Return what a process noted: hosts, and what it did to each.

    :param name: of the process
    """
    notes = iter(map(json.loads, lines))
    for kind, host, uuid, values, begun in notes:
        ended, answer, seen = next(notes, (math.inf, linearize.UNKNOWN, None))
        if answer == linearize.UNKNOWN:
            ended = math.inf
        yield (
            host,
            linearize.Operation(
                name,
                kind,
                uuid,
                tuple((field, value) for field, value in values),
                begun,
                ended,
                answer,
                seen and (seen[0], tuple(map(tuple, seen[1]))),
            ),
        )
