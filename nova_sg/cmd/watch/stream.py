# SPDX-License-Identifier: Apache-2.0

"""Transitions as lines: text for a reader, JSON for a program."""

import collections
import datetime
import json
import os
import select
import stat
import sys
from typing import Any
from typing import TextIO

from nova_sg import texts
from nova_sg import times
from nova_sg.cmd.watch import follower
from nova_sg.cmd.watch import transitions
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons

#: The event of the first line: how many services there are, by state.
WATCHING = 'watching'


def text_line(
    learned_at: datetime.datetime, change: transitions.Transition
) -> str:
    """Return one transition as a line for a reader."""
    when = learned_at.strftime('%Y-%m-%dT%H:%M:%SZ')
    return f'{when} {describe(change)}'


def describe(change: transitions.Transition) -> str:
    """Return what changed, without the time."""
    service = change.service
    what = 'the backend'
    if service is not None:
        what = f'{service.host} {service.binary}'
    if change.event == transitions.ADDED:
        said = f'added, {change.after}'
    elif change.event == transitions.DELETED:
        said = 'deleted'
    elif change.event == 'forced_down':
        said = 'forced down' if change.after else 'no longer forced down'
    elif change.event in ('zone', transitions.REASON):
        said = f'{change.event} {change.before} -> {change.after}'
    else:
        said = f'{change.before} -> {change.after}'
    why = _departure(change) or change.reason
    if why:
        said = f'{said} ({why})'
    return texts.one_line(f'{what}: {said}')


def _departure(
    change: transitions.Transition,
) -> reasons.Departure | None:
    """Return why a service is down, where that is the transition."""
    if change.service is None or change.after != liveness.DOWN:
        return None
    return change.service.why


def json_line(
    learned_at: datetime.datetime, change: transitions.Transition
) -> str:
    """Return one transition as an object of JSON."""
    record: dict[str, Any] = {
        'time': times.text(learned_at),
        'event': change.event,
        'from': change.before,
        'to': change.after,
    }
    service = change.service
    if service is not None:
        record['id'] = service.uuid
        record['host'] = service.host
        record['binary'] = service.binary
        record['zone'] = service.zone
    if change.reason is not None:
        record['reason'] = change.reason
    why = _departure(change)
    if why is not None:
        record['since'] = times.text(why.since)
        record['last_seen'] = times.text(why.last_seen)
    return json.dumps(record)


def counts(news: follower.News) -> dict[str, int]:
    """Return how many services there are: in all, and in each state."""
    states = collections.Counter(each.state for each in news.services.values())
    return {'services': len(news.services), **dict(sorted(states.items()))}


class Stream:
    """Prints what a follower brings, a line for each transition.

    :param as_json: print objects of JSON, for a program
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def begin(self, news: follower.News) -> None:
        """Print the first line."""
        found = counts(news)
        if self._as_json:
            when = times.text(news.learned_at)
            self._print(json.dumps({'time': when, 'event': WATCHING, **found}))
            return
        number = found.pop('services')
        states = ', '.join(f'{n} {state}' for state, n in found.items())
        when = news.learned_at.strftime('%Y-%m-%dT%H:%M:%SZ')
        said = f'{when} watching {number} service(s)'
        self._print(f'{said}: {states}' if states else said)

    def tell(self, news: follower.News) -> None:
        """Print the transitions of one reading.

        :raises BrokenPipeError: the reader has closed the pipe, which a
            write would tell only at the next transition
        """
        if _unread(sys.stdout):
            raise BrokenPipeError
        form = json_line if self._as_json else text_line
        for change in news.changes:
            self._print(form(news.learned_at, change))

    def _print(self, line: str) -> None:
        # A pipe is read while it is written.
        print(line, file=sys.stdout, flush=True)


def _unread(output: TextIO) -> bool:
    """Return whether a stream is a pipe that its reader has closed."""
    try:
        descriptor = output.fileno()
    except OSError:
        # An object of Python, without a descriptor.
        return False
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        return False
    # The writing end is readable only when the reader has closed its own.
    # eventlet takes select.poll away.
    return bool(select.select([descriptor], [], [], 0)[0])
