# SPDX-License-Identifier: Apache-2.0


"""Beats: stock nova's side of it."""

from concurrent import futures
import types

from nova import objects

from benchmarks import child
from benchmarks.rival import process as rival

operations = child.Operations()


@operations
def beat(process: rival.Process, number: int) -> child.Work:
    """Beat by the driver's own method, which its timer calls."""
    services = _services(process, number)
    report_state = process.api._driver._report_state

    def work() -> child.Facts:
        for service in services:
            report_state(service)
        _check(services)
        return {'units': len(services)}

    return work


#: nova has no other way for many.
operations['beats'] = beat


@operations
def beats_at_once(
    process: rival.Process, number: int, at_once: int
) -> child.Work:
    """Beat as so many hosts do, each for itself, all at the same time."""
    services = _services(process, number)
    pool = futures.ThreadPoolExecutor(at_once)

    def work() -> child.Facts:
        for _done in pool.map(process.api._driver._report_state, services):
            continue
        _check(services)
        return {'units': len(services)}

    return work


def _services(
    process: rival.Process, number: int
) -> list[types.SimpleNamespace]:
    """Return what the driver takes for services."""
    return [
        types.SimpleNamespace(service_ref=each)
        for each in objects.ServiceList.get_all(process.context)[:number]
    ]


def _check(services: list[types.SimpleNamespace]) -> None:
    if any(getattr(s, 'model_disconnected', False) for s in services):
        raise RuntimeError('a beat was not taken; see the log')
