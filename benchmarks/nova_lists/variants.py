# SPDX-License-Identifier: Apache-2.0

"""Who keeps the services: nova alone, or nova_sg with one of its drivers."""

from collections.abc import Iterator
import contextlib
from typing import Any

from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import zookeeper

NOVA = 'nova'

#: Those with ``:sql`` keep only liveness elsewhere. ``mc`` alone has its
#: records in memcached, too.
VARIANTS = (NOVA, 'db', 'zk', 'zk:sql', 'mc', 'mc:sql')


def plain(variant: str) -> str:
    """Return a name that a database may have."""
    return variant.replace(':', '_')


def in_nova(variant: str) -> bool:
    """Whether services are rows of nova's table."""
    return variant in (NOVA, 'db') or variant.endswith(':sql')


def beats_elsewhere(variant: str) -> bool:
    """Whether computes have to live for it."""
    return variant not in (NOVA, 'db')


@contextlib.contextmanager
def backend(variant: str) -> Iterator[dict[str, Any]]:
    """Start what a variant needs; return its options, by group."""
    driver, _, records = variant.partition(':')
    group = {'driver': driver}
    if records:
        group['records'] = records
    match driver:
        case 'nova':
            yield {}
        case 'zk':
            with zookeeper.ZookeeperServer() as server:
                yield {
                    'servicegroup': group,
                    'zookeeper': {
                        'hosts': server.hosts,
                        'session_timeout': 20,
                    },
                }
        case 'mc':
            with memcached.MemcachedServer() as server:
                yield {
                    'servicegroup': {'records': 'memcached', **group},
                    'memcached': {'servers': server.hosts},
                }
        case _:
            yield {'servicegroup': group}
