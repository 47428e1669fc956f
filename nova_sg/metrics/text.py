# SPDX-License-Identifier: Apache-2.0

"""What is known of all services, in Prometheus's text format."""

import collections
from collections.abc import Iterator
from collections.abc import Sequence

from nova_sg.objects import overview
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import marker as sg_marker
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record

#: Names and values; a value that is not there is an empty one.
Labels = Sequence[tuple[str, str | None]]

#: Of a service in a cell that does not answer it is not known.
_STATUS = {True: 'disabled', False: 'enabled', None: ''}


def of(seen: Sequence[overview.Seen], *, per_service: bool) -> bytes:
    """Return the text of services.

    :param per_service: tell of each of them, too
    """
    return '\n'.join((*_lines(seen, per_service), '')).encode()


def _lines(seen: Sequence[overview.Seen], per_service: bool) -> Iterator[str]:
    # One pass over thousands of services; the kinds of them are few.
    kinds = collections.Counter(
        [
            (
                service.binary,
                zone,
                state,
                reason,
                service.disabled,
                service.version,
            )
            for service, zone, state, reason, _why in seen
        ]
    )
    counts: collections.Counter[Labels] = collections.Counter()
    lowest: dict[str | None, int] = {}
    for (binary, zone, state, reason, disabled, version), n in kinds.items():
        if binary not in record.API_BINARIES:
            counts[
                ('binary', binary),
                ('zone', zone),
                ('state', state),
                ('reason', reason),
                ('status', _STATUS[disabled]),
            ] += n
        # nova's own rule: one that is forced down holds nothing back. Of a
        # service in a cell that does not answer no version is known.
        if reason != reasons.FORCED and version is not None:
            lowest[binary] = min(version, lowest.get(binary, version))
    yield from _head('services', 'The services there are, by state.')
    for labels, count in counts.items():
        yield _sample('services', labels, count)
    yield from _head(
        'minimum_version',
        'The lowest version of the services that are not forced down.',
    )
    for binary, lowest_version in lowest.items():
        yield _sample('minimum_version', [('binary', binary)], lowest_version)
    if not per_service:
        return
    yield from _head(
        'service_up',
        'Whether a service is up; one in an unknown state is left out.',
    )
    for each in seen:
        binary = each.service.binary
        if each.state == liveness.UNKNOWN or binary in record.API_BINARIES:
            continue
        labels = [
            ('host', each.service.host),
            ('binary', binary),
            ('zone', each.zone),
        ]
        yield _sample('service_up', labels, int(each.state == liveness.UP))


def of_configuration(marker: sg_marker.Marker) -> bytes:
    """Return how this deployment is configured."""
    labels = [
        ('driver', marker.driver),
        ('records', marker.records),
        ('format', str(marker.format)),
    ]
    lines = (
        *_head('deployment_info', 'How this deployment is configured.'),
        _sample('deployment_info', labels, 1),
        '',
    )
    return '\n'.join(lines).encode()


def of_age(seconds: float) -> bytes:
    """Return how old it is what else is shown."""
    lines = (
        *_head(
            'knowledge_age_seconds',
            'How old the states of services are that are shown; 0 while the '
            'backend tells of all of them.',
        ),
        _sample('knowledge_age_seconds', [], round(seconds, 3)),
        '',
    )
    return '\n'.join(lines).encode()


def _head(name: str, documentation: str) -> tuple[str, str]:
    return (
        f'# HELP nova_sg_{name} {documentation}',
        f'# TYPE nova_sg_{name} gauge',
    )


def _sample(name: str, labels: Labels, value: float) -> str:
    shown = ','.join(f'{key}="{_escaped(text or "")}"' for key, text in labels)
    return f'nova_sg_{name}{{{shown}}} {value}'


def _escaped(text: str) -> str:
    """Return a text as the value of a label, whatever is in it."""
    return text.replace('\\', r'\\').replace('"', r'\"').replace('\n', r'\n')
