# SPDX-License-Identifier: Apache-2.0

"""The servers of a deployment: one set of them per process."""

from collections import defaultdict
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from concurrent import futures
import threading
from typing import TypeVar
import weakref
import zlib

from oslo_config import cfg

from nova_sg import exception
from nova_sg import forks
from nova_sg.servicegroup.backends.memcached import endpoint
from nova_sg.servicegroup.backends.memcached import epoch
from nova_sg.servicegroup.backends.memcached import keys as keys_
from nova_sg.servicegroup.backends.memcached import server as server_
from nova_sg.servicegroup.backends.memcached import tls

T = TypeVar('T')

#: Keys, by the uuid of the service.
KeysOf = dict[str, str]

#: memcached takes a longer TTL for a date.
MAX_TTL = 30 * 86400


def get(conf: cfg.ConfigOpts) -> 'Cluster':
    """Return this process's connections to the configured servers.

    Records and membership of one process share them.

    :param conf: a loaded configuration
    :raises InvalidConfiguration: naming the option that cannot be used
    """
    group = conf.servicegroup
    options = repr(
        (
            sorted(conf.memcached.items(), key=lambda item: item[0]),
            (group.report_interval, group.service_down_time),
        )
    )
    return _clusters.get(options, lambda: Cluster(conf))


class Cluster:
    """The configured servers, and which of them keeps what.

    :param conf: a loaded configuration; read are ``[memcached]`` and the
        intervals of ``[servicegroup]``
    :ivar keys: the keys of the deployment
    :ivar tls: whether it is spoken to by TLS
    :ivar servers: the servers, in an order that does not depend on the
        configuration's
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        names = list(conf.memcached.servers)
        if not names or len(set(names)) < len(names):
            raise exception.InvalidConfiguration(
                option='[memcached] servers',
                reason='it must name at least one server, and none twice',
            )
        if epoch.member_ttl(conf) > MAX_TTL:
            raise exception.InvalidConfiguration(
                option='[servicegroup] service_down_time',
                reason=f'memcached counts to {MAX_TTL - epoch.EARLY} s',
            )
        options = endpoint.Options(
            connect_timeout=conf.memcached.connect_timeout,
            timeout=conf.memcached.timeout,
            fail_fast=endpoint.FAIL_FAST if len(names) > 1 else 0,
            tls=tls.context(conf),
        )
        self.tls = options.tls is not None
        self.keys = keys_.Keys(conf.memcached.key_prefix)
        self.servers = tuple(
            server_.Server(name, options) for name in sorted(names)
        )
        self._memories = {
            server: epoch.ServerMemory(server, self.keys, conf)
            for server in self.servers
        }
        self._lock = threading.Lock()
        self._executor: futures.ThreadPoolExecutor | None = None
        # Not left to the garbage collector, which would warn of each socket.
        weakref.finalize(self, _close, self.servers)

    @property
    def name(self) -> str:
        """The servers as an operator knows them."""
        return f'memcached {",".join(each.name for each in self.servers)}'

    def server_of(self, text: str) -> server_.Server:
        """Return the server that keeps what belongs to a text.

        Always the same one, whether it answers or not.
        """
        if len(self.servers) == 1:
            return self.servers[0]
        return self.servers[zlib.crc32(text.encode()) % len(self.servers)]

    def placed(
        self, uuids: Iterable[str], key_of: Callable[[str], str]
    ) -> dict[server_.Server, KeysOf]:
        """Return the servers of services, with the keys of each service.

        :param key_of: returns the key of a service
        :returns: without servers that keep none of these
        """
        if len(self.servers) == 1:
            only = {uuid: key_of(uuid) for uuid in uuids}
            return {self.servers[0]: only} if only else {}
        found: dict[server_.Server, KeysOf] = defaultdict(dict)
        for uuid in uuids:
            found[self.server_of(uuid)][uuid] = key_of(uuid)
        return found

    def memory(self, server: server_.Server) -> epoch.ServerMemory:
        """Return the memory of a server."""
        return self._memories[server]

    def on_new_epoch(self, callback: epoch.Callback) -> None:
        """Call back with each server this process has given a new epoch.

        :param callback: a method; it is not kept alive
        """
        for memory in self._memories.values():
            memory.on_new_epoch(callback)

    def ask(
        self, questions: Mapping[server_.Server, Callable[[], T]]
    ) -> tuple[
        dict[server_.Server, T],
        dict[server_.Server, exception.ServiceGroupUnavailable],
    ]:
        """Ask servers at the same time, so that one that is out costs once.

        :param questions: what to call, by server
        :returns: the answers, and the errors of servers which did not answer
        """
        answers: dict[server_.Server, T] = {}
        errors: dict[server_.Server, exception.ServiceGroupUnavailable] = {}
        if len(questions) == 1:
            calls = dict(questions)
        else:
            calls = {
                each: self._pool().submit(call).result
                for each, call in questions.items()
            }
        for each, call in calls.items():
            try:
                answers[each] = call()
            except exception.ServiceGroupUnavailable as error:
                errors[each] = error
        return answers, errors

    def ask_any(
        self, questions: Mapping[server_.Server, Callable[[], T]]
    ) -> dict[server_.Server, T]:
        """Ask servers at the same time, and go without some of them.

        :param questions: what to call, by server
        :returns: the answers there are
        :raises ServiceGroupUnavailable: no server has answered
        """
        answers, errors = self.ask(questions)
        if errors and not answers:
            raise next(iter(errors.values()))
        return answers

    def reset(self) -> None:
        """Let go of what was inherited over a fork."""
        self._lock = threading.Lock()
        self._executor = None
        for server in self.servers:
            server.forget()

    def _pool(self) -> futures.ThreadPoolExecutor:
        with self._lock:
            if self._executor is None:
                self._executor = futures.ThreadPoolExecutor(
                    4 * len(self.servers), thread_name_prefix='memcached'
                )
            return self._executor


def _close(servers: tuple[server_.Server, ...]) -> None:
    for server in servers:
        server.reset()


_clusters = forks.PerProcess(Cluster.reset)
