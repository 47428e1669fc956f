# SPDX-License-Identifier: Apache-2.0

"""How the memcached servers of a deployment are reached."""

import copy
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

Every process of a deployment must have the same servers and the same prefix.
""",
)

memcached_opts = [
    cfg.ListOpt(
        'servers',
        default=['127.0.0.1:11211'],
        item_type=Server(),
        help="""
The memcached servers, each as ``host:port``, separated by commas.

An IPv6 address stands in brackets: ``[2001:db8::1]:11211``. The path of a
Unix socket, ``unix:/run/memcached/memcached.sock``, reaches a memcached on the
same machine, for a deployment whose processes all run there.

Which server keeps what follows from this list, whatever its order, and
nothing moves to another server while one is out. So a server is spelled the
same everywhere, and the list is changed only while the deployment is stopped:
a process with another list refuses to start.
""",
    ),
    cfg.StrOpt(
        'key_prefix',
        default='nova-sg',
        regex=rf'\A[!-~]{{1,{MAX_PREFIX}}}\Z',
        help="""
What every key begins with.

Set it where several deployments share the servers.
""",
    ),
    cfg.Opt(
        'connect_timeout',
        default=1.0,
        type=Seconds(min=0.05, max=60),
        help="""
Seconds to wait for a connection to a server.
""",
    ),
    cfg.Opt(
        'timeout',
        default=1.0,
        type=Seconds(min=0.05, max=60),
        help="""
Seconds to wait for an answer of a server.

A server that is slower counts as out, and what it knows as unknown.
""",
    ),
    cfg.BoolOpt(
        'tls_enabled',
        default=False,
        help="""
Talk to the servers through TLS.

A Unix socket is not wrapped in it: nothing leaves the machine.
""",
    ),
    cfg.StrOpt(
        'tls_cafile',
        help="""
The certificates, in a PEM file, that servers are verified with.

Unset, those the system trusts.
""",
    ),
    cfg.StrOpt(
        'tls_certfile',
        help="""
Our own certificate, in a PEM file, for servers that ask for one.
""",
    ),
    cfg.StrOpt(
        'tls_keyfile',
        help="""
The key of ``tls_certfile``, in a PEM file; unset, it is in that file.

It must not be encrypted: there is nobody to give a password.
""",
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    # Else oslo.config would share what is set among all configurations.
    conf.register_group(copy.deepcopy(memcached_group))
    conf.register_opts(memcached_opts, group=memcached_group)


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {memcached_group: memcached_opts}
