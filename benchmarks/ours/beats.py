# SPDX-License-Identifier: Apache-2.0


"""Beats: nova_sg's side of it."""

from concurrent import futures

from benchmarks import child
from benchmarks.ours import process as ours
from nova_sg import sequences
from nova_sg.servicegroup import heartbeat

operations = child.Operations()


@operations
def beat(process: ours.Process, number: int) -> child.Work:
    """Beat for services, each by itself."""
    handles = process.join(number)

    def work() -> child.Facts:
        for handle in handles:
            handle.beat(process.context)
        return {'units': len(handles)}

    return work


@operations
def beats(process: ours.Process, number: int) -> child.Work:
    """Beat for services as one process does that has joined for them all."""
    handles = process.join(number)
    membership = process.api.driver.membership

    def work() -> child.Facts:
        for batch in sequences.batched(handles, heartbeat.BATCH):
            if membership.beat_many(process.context, batch):
                raise RuntimeError('a record is gone')
        return {'units': len(handles)}

    return work


@operations
def beats_at_once(
    process: ours.Process, number: int, at_once: int
) -> child.Work:
    """Beat as so many hosts do, each for itself, all at the same time."""
    handles = process.join(number)
    pool = futures.ThreadPoolExecutor(at_once)

    def work() -> child.Facts:
        for _done in pool.map(lambda h: h.beat(process.context), handles):
            continue
        return {'units': len(handles)}

    return work
