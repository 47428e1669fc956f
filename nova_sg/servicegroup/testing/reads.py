# SPDX-License-Identifier: Apache-2.0

"""Promises about reads: how old they are, and that they never go back."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import time
from typing import NamedTuple

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.records import base as records_base
from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base

#: Seconds for which one process writes and another reads.
SECONDS = 0.6

#: Seconds between two resets of every connection.
RESETS = 0.15


class Read(NamedTuple):
    """A version that was read.

    :param getter: by which getter
    :param begun: ``time.monotonic()`` when the call began
    :param version: what was read
    """

    getter: str
    begun: float
    version: int


def getters(
    records: records_base.RecordStore,
    context: sg_context.RequestContext,
    service: record.Record,
) -> Mapping[str, Callable[[], int]]:
    """Return every way to read the version of a service, by its name."""

    def version(found: record.Record | None) -> int:
        assert found is not None
        return found.version

    host, binary = str(service.host), str(service.binary)
    topic = str(service.topic)
    return {
        'get_by_uuid': lambda: version(
            records.get_by_uuid(context, service.uuid)
        ),
        'get_by_id': lambda: version(records.get_by_id(context, service.id)),
        'get_by_host_and_binary': lambda: version(
            records.get_by_host_and_binary(context, host, binary)
        ),
        'get_by_host_and_topic': lambda: version(
            records.get_by_host_and_topic(context, host, topic)
        ),
        'list': lambda: version(records.list(context, host=host)[0]),
        'minimum_versions': lambda: records.minimum_versions(
            context, [binary]
        ).get(binary, 0),
    }


class ReadTest(base.ConformanceTest):
    """One process counts a version up, and this one reads it."""

    def read_while_written(
        self,
        records: records_base.RecordStore,
        service: record.Record,
    ) -> tuple[list[Read], Sequence[actions.Written]]:
        """Read by each getter in turn, while another process writes."""
        writer = self.worker()
        writer.call(actions.warm_up)
        start = time.monotonic() + 0.05
        written = writer.start(actions.count_up, start, SECONDS, service.uuid)
        reads = []
        calls = getters(records, self.context, service)
        actions.wait_until(start)
        while time.monotonic() < start + SECONDS:
            for name, call in calls.items():
                begun = time.monotonic()
                with contextlib.suppress(exception.ServiceGroupUnavailable):
                    reads.append(Read(name, begun, call()))
        return reads, written()

    def check(
        self, reads: Sequence[Read], written: Sequence[actions.Written]
    ) -> None:
        """Check that reads are as fresh as is declared, and in order."""
        declared = self.characteristics
        self.assertNotEqual([], reads)
        staleness = 0.0 if declared.linearizable else declared.staleness
        last = Read('none', 0.0, 0)
        for each in reads:
            due = max(
                (
                    write.version
                    for write in written
                    if write.acknowledged < each.begun - staleness
                ),
                default=0,
            )
            self.assertGreaterEqual(
                each.version, due, f'{each} is older than {staleness:g} s'
            )
            if declared.linearizable or declared.monotonic_reads:
                self.assertGreaterEqual(
                    each.version, last.version, f'{each} after {last}'
                )
            last = each


class ReadTests(ReadTest):
    """Reads are as fresh as is declared, and never go back."""

    def test_reads_are_in_order_by_every_getter(self) -> None:
        service = self.register()
        self.driver.watch(self.context)
        self.check(*self.read_while_written(self.records, service))

    def test_what_a_process_has_written_it_reads_by_every_getter(self) -> None:
        service = self.register()
        self.driver.watch(self.context)
        self.api.list(self.context)
        calls = getters(self.records, self.context, service)
        declared = self.characteristics
        for version in range(1, 20):
            self.records.update(
                self.context, service.uuid, {'version': version}
            )
            found = {name: call() for name, call in calls.items()}
            if declared.linearizable or declared.monotonic_reads:
                self.assertEqual(dict.fromkeys(calls, version), found)


class ResetReadTests(ReadTest):
    """The connections of the reader break again and again."""

    def test_reads_are_in_order_while_connections_break(self) -> None:
        link = self.deployment.proxied()
        service = self.register()
        reader = self.api_through(link)
        reader.driver.watch(self.context)
        reader.list(self.context)
        link.reset_every(RESETS)
        self.check(*self.read_while_written(reader.driver.records, service))
