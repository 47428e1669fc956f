# SPDX-License-Identifier: Apache-2.0

"""What lies where in ZooKeeper.

Under ``[zookeeper] chroot``::

    deployment                          the deployment marker
    members/<shard>/<member>            ephemeral, one per living worker,
                                        and one per service that was created
                                        and has not joined yet
    last/<uuid>                         why a service has no member, or that
                                        it is expected to have one
    cells/<cell uuid>/services/<uuid>   the record
                      names/<host>:<binary>             its uuid
                      topics/<host>:<topic>             its uuid
                      ids/<id>                          its uuid
                      versions/<binary>/<version>/<uuid>
                      deleted/<uuid>    the record of a destroyed service
                      log/n<number>     a change, the newest ones only
                      history/<uuid>    the transitions of a service

A record, its entries beside it and its change in the log are written in one
transaction.
"""

import posixpath
import re
from urllib import parse
import zlib

from nova_sg import exception
from nova_sg.servicegroup import record

#: Members are spread over so many znodes: a reader watches each of them, and
#: reads a shard anew when one of its members comes or goes.
SHARDS = tuple(f'{number:x}' for number in range(16))

LOG_PREFIX = 'n'

_CHROOT = re.compile('(/[A-Za-z0-9._~:@-]+)+')


def quote(text: str) -> str:
    """Return any text as the name of a znode.

    Without slashes, colons and what ZooKeeper refuses, and the same for no
    two texts.
    """
    quoted = parse.quote(text, safe='')
    # Of these dots ZooKeeper would make another path.
    return quoted.replace('.', '%2E') if quoted in ('.', '..') else quoted


def unquote(name: str) -> str:
    """Return the text that :func:`quote` made a name of."""
    return parse.unquote(name)


def shard_of(uuid: str) -> str:
    """Return the shard in which the members of a service are."""
    return SHARDS[zlib.crc32(uuid.encode()) % len(SHARDS)]


class Layout:
    """The paths of one deployment.

    :param chroot: ``[zookeeper] chroot``
    :raises InvalidConfiguration: it is not a path
    """

    def __init__(self, chroot: str) -> None:
        self.root = posixpath.normpath(chroot) if chroot else ''
        if not _CHROOT.fullmatch(self.root) or '/.' in self.root:
            raise exception.InvalidConfiguration(
                option='[zookeeper] chroot',
                reason=f'{chroot!r} is not an absolute path of a znode, as '
                '/nova-sg is',
            )
        if self.root.split('/')[1] == 'zookeeper':
            raise exception.InvalidConfiguration(
                option='[zookeeper] chroot',
                reason="/zookeeper is ZooKeeper's own",
            )
        self.deployment = f'{self.root}/deployment'
        self.members = f'{self.root}/members'
        self.lasts = f'{self.root}/last'
        self.cells = f'{self.root}/cells'

    def parents(self) -> list[str]:
        """Return the znodes down to the root, from the top."""
        steps = self.root.split('/')
        return ['/'.join(steps[: n + 1]) for n in range(1, len(steps))]

    def shard(self, name: str) -> str:
        return f'{self.members}/{name}'

    def member(self, uuid: str, name: str) -> str:
        """Return the path of a member of a service.

        :param uuid: of the service
        :param name: of the member
        """
        return f'{self.shard(shard_of(uuid))}/{name}'

    def last(self, uuid: str) -> str:
        """Return the path of what was last said of a service."""
        return f'{self.lasts}/{quote(uuid)}'

    def cell(self, uuid: str) -> 'CellLayout':
        return CellLayout(self, uuid)


class CellLayout:
    """The paths of the records of one cell.

    :param deployment: the paths of the deployment
    :param uuid: of the cell
    """

    def __init__(self, deployment: Layout, uuid: str) -> None:
        self.uuid = uuid
        self.path = path = f'{deployment.cells}/{quote(uuid)}'
        self.services = f'{path}/services'
        self.names = f'{path}/names'
        self.topics = f'{path}/topics'
        self.ids = f'{path}/ids'
        self.versions = f'{path}/versions'
        self.deleted = f'{path}/deleted'
        self.log = f'{path}/log'
        self.history = f'{path}/history'

    def directories(self) -> list[str]:
        """Return every znode there must be before the first record."""
        return [
            self.path,
            self.services,
            self.names,
            self.topics,
            self.ids,
            self.versions,
            self.deleted,
            self.log,
        ]

    def service(self, uuid: str) -> str:
        return f'{self.services}/{quote(uuid)}'

    def trace(self, uuid: str) -> str:
        return f'{self.deleted}/{quote(uuid)}'

    def name(self, host: str, binary: str) -> str:
        return f'{self.names}/{quote(host)}:{quote(binary)}'

    def topic(self, host: str, topic: str) -> str:
        return f'{self.topics}/{quote(host)}:{quote(topic)}'

    def id(self, service_id: int) -> str:
        return f'{self.ids}/{service_id}'

    def versions_of(self, binary: str) -> str:
        return f'{self.versions}/{quote(binary)}'

    def version(self, binary: str, version: int) -> str:
        return f'{self.versions_of(binary)}/{version}'

    def history_of(self, uuid: str) -> str:
        return f'{self.history}/{quote(uuid)}'

    def change(self, number: int) -> str:
        return f'{self.log}/{LOG_PREFIX}{number:010d}'

    def entries(self, of: record.Record) -> dict[str, bytes]:
        """Return what stands beside a live record, and makes it findable.

        :returns: values by path
        """
        uuid = of.uuid.encode()
        entries = {self.id(of.id): uuid}
        if of.host is not None and of.binary is not None:
            entries[self.name(of.host, of.binary)] = uuid
        if of.host is not None and of.topic is not None:
            entries[self.topic(of.host, of.topic)] = uuid
        if of.binary is not None and not of.forced_down:
            versions = self.version(of.binary, of.version)
            entries[f'{versions}/{quote(of.uuid)}'] = b''
        return entries


def number_of(path: str) -> int:
    """Return the number of a change from its path or name."""
    return int(path.rpartition(LOG_PREFIX)[2])
