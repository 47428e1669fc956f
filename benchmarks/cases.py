# SPDX-License-Identifier: Apache-2.0


"""The cases: what is measured, on which backends, for how many services."""

from collections.abc import Callable
import dataclasses
from typing import Any

from benchmarks import world as world_

SIZES = (100, 1_000, 10_000, 100_000)
DATABASES = ('sqlite', 'postgresql', 'mariadb')
REST = ('sqlite', 'postgresql')
EVERYWHERE = (*DATABASES, 'mc', 'zk')
#: MariaDB once more, with the client in C; nova goes on with PyMySQL.
MYSQLCLIENT = 'mysqlclient'

Arguments = Callable[[world_.World], dict[str, Any]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """Something each side does in its own way.

    :param operation: its name on the sides; those that have none stay out
    :param backends: where it makes sense
    :param sizes: numbers of services
    :param nova_to: the highest number with which nova can follow: above it a
        sample would take minutes
    :param floor_on: the backends for which there is a floor
    :param slow: a sample of nova's takes seconds: few are taken
    :param zoned: all computes are in zones; else all in the default one
    :param pause: seconds between the churn and each sample: what answers from
        what was learned a moment ago is to have forgotten it
    :param counted: whether what it costs is to be seen in its process
    :param unit: what is timed; where work does it several times, once
    :param arguments: what the operation is told
    """

    name: str
    title: str
    operation: str
    backends: tuple[str, ...] = EVERYWHERE
    sizes: tuple[int, ...] = SIZES
    nova_to: int = 100_000
    floor_on: tuple[str, ...] = (*DATABASES, 'mc')
    slow: bool = False
    zoned: bool = False
    pause: float = 0.0
    counted: bool = True
    unit: str = 'list'
    arguments: Arguments = lambda _world: {}

    def is_for(self, side: str, backend: str, size: int) -> bool:
        """Return whether a side can take part."""
        match side:
            case 'nova':
                return size <= self.nova_to
            case 'floor':
                return backend in self.floor_on
        return True


def _some_hosts(world: world_.World) -> dict[str, Any]:
    step = max(1, len(world.hosts) // 50)
    return {'hosts': world.hosts[::step][:50]}


def _number(number: int) -> Arguments:
    return lambda world: {'number': min(number, world.size)}


def _paths(path: str) -> Arguments:
    return lambda _world: {'paths': [path]}


CASES = (
    Case(
        name='list',
        title='List of all services with state',
        operation='list_with_state',
        backends=(*EVERYWHERE, MYSQLCLIENT),
        floor_on=(*DATABASES, 'mc', MYSQLCLIENT),
    ),
    Case(
        name='list-zones',
        title='The same with zones, all hosts in aggregates',
        operation='list_with_zones',
        backends=(*DATABASES, 'mc'),
        zoned=True,
    ),
    Case(
        name='list-default-zone',
        title='The same with zones, all hosts in the default one',
        operation='list_with_zones',
        backends=('sqlite', 'postgresql'),
        # Quadratic in nova.
        nova_to=10_000,
        slow=True,
    ),
    Case(
        name='scheduling',
        title='State of every compute, as a scheduling request asks for it',
        operation='scheduling',
    ),
    Case(
        name='one-service',
        title='One service with state',
        operation='one_service',
        sizes=(10_000,),
        floor_on=DATABASES,
        unit='service',
        arguments=_some_hosts,
    ),
    Case(
        name='one-host',
        title='The services of one host with state',
        operation='list_of_host',
        sizes=(10_000,),
        floor_on=DATABASES,
        arguments=_some_hosts,
    ),
    Case(
        name='liveness',
        title='Liveness of all services',
        operation='liveness',
        backends=('mc', 'zk'),
        unit='service',
    ),
    Case(
        name='one-by-one',
        title='service_is_up, one service after the other',
        operation='one_by_one',
        backends=('mc', 'zk'),
        sizes=(1_000, 10_000),
        pause=1.1,
        unit='service',
    ),
    *(
        Case(
            name=name,
            title=f'GET {path}, the whole pipeline',
            operation='get',
            backends=(*REST, *more),
            floor_on=REST,
            nova_to=nova_to,
            slow=True,
            zoned=zoned,
            unit='request',
            arguments=_paths(path),
        )
        for name, path, zoned, nova_to, more in (
            ('get-services', '/os-services', True, 10_000, ('zk',)),
            ('get-services-default-zone', '/os-services', False, 10_000, ()),
            # Two statements of nova's for each.
            ('get-hypervisors', '/os-hypervisors', True, 1_000, ()),
            *(
                (name, path, True, 10_000, ())
                for name, path in (
                    ('get-hypervisors-detail', '/os-hypervisors/detail'),
                    ('get-zones-detail', '/os-availability-zone/detail'),
                )
            ),
        )
    ),
    Case(
        name='get-services-unchanged',
        title='GET /os-services with If-None-Match, again and again',
        operation='get_unchanged',
        backends=('zk',),
        floor_on=(),
        # For a moment after a process has connected, it keeps no list.
        pause=1.1,
        unit='request',
        arguments=_paths('/os-services'),
    ),
    Case(
        name='get-services-of-host',
        title='GET /os-services?host=, the whole pipeline',
        operation='get',
        backends=REST,
        nova_to=10_000,
        slow=True,
        floor_on=(),
        zoned=True,
        unit='request',
        arguments=lambda world: {
            'paths': [f'/os-services?host={world.hosts[-1]}']
        },
    ),
    Case(
        name='beat',
        title='Beat of one service',
        operation='beat',
        sizes=(1_000,),
        floor_on=DATABASES,
        unit='beat',
        arguments=_number(200),
    ),
    Case(
        name='beats',
        title='Beats of many services, grouped',
        operation='beats',
        sizes=(10_000,),
        floor_on=DATABASES,
        unit='beat',
        arguments=_number(1_000),
    ),
    Case(
        name='beats-rpc',
        title='Beats of 32 hosts at once, each a call to a conductor',
        operation='beats_at_once',
        backends=('rpc',),
        sizes=(1_000,),
        floor_on=(),
        # The conductor has the statements.
        counted=False,
        unit='beat',
        arguments=lambda _world: {'number': 640, 'at_once': 32},
    ),
)
