# SPDX-License-Identifier: Apache-2.0

"""How the memcached servers of a deployment are reached."""

import ipaddress
import math
import os
import posixpath
import re
from urllib import parse

from oslo_config import cfg
from oslo_config import types

DEFAULT_PORT = 11211

#: The longest prefix: keys are 250 bytes, and what follows it takes 110.
MAX_PREFIX = 100

#: What a host name is made of, and how long it is at most.
_is_name = re.compile(r'[0-9A-Za-z_.-]{1,253}').fullmatch

#: What stands between the dots of a host name. Python resolves no other name.
_has_labels = re.compile(r'[^.]{1,63}(\.[^.]{1,63})*\.?').fullmatch

#: What the path of a socket begins with, where a server is written down.
_UNIX = 'unix:'

#: The longest path of a socket: the kernel keeps 108 bytes, one is the end.
_MAX_PATH = 107


class Server(types.ConfigType):
    """A server in one spelling: of ``A:1`` and ``a:01`` one.

    An IPv6 address stands in brackets. The path of a Unix socket begins with
    ``unix:`` or with a slash.
    """

    def __init__(self) -> None:
        super().__init__(type_name='host:port')

    def __call__(self, value: str) -> str:
        found = address(value)
        if isinstance(found, str):
            return f'{_UNIX}{found}'
        host, port = found
        return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'

    def _formatter(self, value: str) -> str:
        return value


class Seconds(types.Float):
    """A time between two bounds, which ``nan`` and nothing at all pass."""

    def __call__(self, value: str | float) -> float:
        seconds: float | None = super().__call__(value)
        if seconds is None or math.isnan(seconds):
            raise ValueError(f'{value!r} is no number of seconds')
        return seconds


def address(server: str) -> tuple[str, int] | str:
    """Return the host and port of a server, or the path of its socket.

    :param server: ``host:port``; without the port, memcached's own.
        ``unix:/path`` or ``/path`` for a Unix socket
    :raises ValueError: it is none of these
    """
    server = server.strip()
    if server.startswith(('/', _UNIX)):
        return _path(server.removeprefix(_UNIX))
    wrong = ValueError(f'{server!r} is not host:port')
    try:
        url = parse.urlsplit(f'//{server}')
        host, port = url.hostname or '', url.port
        plain = f'[{host}]' if ':' in host else host
        if ':' in host:
            host = str(ipaddress.IPv6Address(host))
        elif not _is_name(host):
            raise wrong
    except ValueError:
        raise wrong from None
    # urlsplit forgives much: white space, a user, a colon without a port.
    rest = server.lower().removeprefix(plain)
    if port == 0 or not re.fullmatch(r'(:[0-9]+)?', rest):
        raise wrong
    if ':' not in host and not _has_labels(host):
        raise ValueError(
            f'{server!r}: each part of a host name has 1 to 63 characters'
        )
    return host, DEFAULT_PORT if port is None else port


def _path(path: str) -> str:
    if not path.startswith('/') or '\0' in path:
        raise ValueError(f'{path!r} is not the path of a socket')
    if len(os.fsencode(path)) > _MAX_PATH:
        raise ValueError(
            f'{path!r} is longer than the {_MAX_PATH} bytes of a socket'
        )
    # What begins with two slashes would keep them.
    return posixpath.normpath(path.replace('//', '/'))


memcached_group = cfg.OptGroup(
    'memcached',
    title='memcached options',
    help="""
The memcached servers of ``[servicegroup] driver = mc``, or ``records =
memcached``.

Every process of a deployment needs the same ``servers`` and ``key_prefix``.
""",
)

memcached_opts = [
    cfg.ListOpt(
        'servers',
        default=['127.0.0.1:11211'],
        item_type=Server(),
        help="""
The memcached servers, each as ``host:port``, separated by commas.

Put an IPv6 address in brackets: ``[2001:db8::1]:11211``. If all processes run
on one machine, a server may be a Unix socket:
``unix:/run/memcached/memcached.sock``.

The list decides which server keeps the key of a service. The order of the list
does not matter, but the spelling of each server does. A process with another
list refuses to start, so change the list only while the deployment is stopped.
Keys do not move to another server while one is unreachable.
""",
    ),
    cfg.StrOpt(
        'key_prefix',
        default='nova-sg',
        regex=rf'\A[!-~]{{1,{MAX_PREFIX}}}\Z',
        help="""
The beginning of every key.

Give each deployment that shares the servers a prefix of its own.
""",
    ),
    cfg.Opt(
        'connect_timeout',
        default=1.0,
        type=Seconds(min=0.05, max=60),
        help="""
Seconds to wait for a connection to a memcached server.
""",
    ),
    cfg.Opt(
        'timeout',
        default=1.0,
        type=Seconds(min=0.05, max=60),
        help="""
Seconds to wait for an answer of a memcached server.

A server that takes longer counts as unreachable: its services keep their last
known state. Keep it well below ``[servicegroup] report_interval``.
""",
    ),
    cfg.IntOpt(
        'member_format',
        default=1,
        min=1,
        max=2,
        help="""
The format in which this process writes heartbeats.

1 is JSON with the names of all fields. 2 is JSON without them: it is shorter,
and is parsed in a third of the time, which shows in long lists.

Processes of this release read both. A process of an earlier release does not
understand 2, and shows such services as unknown. Set 2 after every process of
the deployment has been upgraded; then restart them in any order.
""",
    ),
    cfg.BoolOpt(
        'tls_enabled',
        default=False,
        help="""
Use TLS for connections to the servers, except for Unix sockets.
""",
    ),
    cfg.StrOpt(
        'tls_cafile',
        help="""
PEM file of the certificates that sign those of the servers.

Default: the certificates that the system trusts.
""",
    ),
    cfg.StrOpt(
        'tls_certfile',
        help="""
PEM file of this process's own certificate, for servers that ask for one.
""",
    ),
    cfg.StrOpt(
        'tls_keyfile',
        help="""
PEM file of the private key of ``tls_certfile``. Default: the same file.

The key must not be encrypted, since a service cannot ask for its password.
""",
    ),
]


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {memcached_group: memcached_opts}
