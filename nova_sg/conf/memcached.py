# SPDX-License-Identifier: Apache-2.0

"""How the memcached servers of a deployment are reached."""

import copy
from urllib import parse

from oslo_config import cfg
from oslo_config import types

DEFAULT_PORT = 11211

#: The longest prefix: keys are 250 bytes, and what follows it takes 110.
MAX_PREFIX = 100


class HostPort(types.ConfigType):
    """A server as host:port, in one spelling: of ``A:1`` and ``a:01`` one.

    An IPv6 address stands in brackets.
    """

    def __init__(self) -> None:
        super().__init__(type_name='host:port')

    def __call__(self, value: str) -> str:
        host, port = split(value)
        if not (host and 0 < port < 65536):
            raise ValueError(f'{value!r} is not host:port')
        return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'

    def _formatter(self, value: str) -> str:
        return value


def split(server: str) -> tuple[str, int]:
    """Return the host and the port of a server.

    :param server: host:port; without the port, memcached's own
    :raises ValueError: it is neither
    """
    url = parse.urlsplit(f'//{server.strip()}')
    if url.netloc != url.netloc.rpartition('@')[2] or url.path or url.query:
        raise ValueError(f'{server!r} is not host:port')
    return url.hostname or '', url.port or DEFAULT_PORT


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
        item_type=HostPort(),
        help="""
The memcached servers, each as host:port.

Which server keeps what follows from this list, whatever its order, and
nothing moves to another server while one is out. So a server is spelled the
same everywhere, and the list is changed only while the deployment is stopped:
a process with another list refuses to start.
""",
    ),
    cfg.StrOpt(
        'key_prefix',
        default='nova-sg',
        regex=rf'^[!-~]{{1,{MAX_PREFIX}}}$',
        help="""
What every key begins with.

Set it where several deployments share the servers.
""",
    ),
    cfg.FloatOpt(
        'connect_timeout',
        default=1.0,
        min=0.05,
        max=60,
        help="""
Seconds to wait for a connection to a server.
""",
    ),
    cfg.FloatOpt(
        'timeout',
        default=1.0,
        min=0.05,
        max=60,
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
""",
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    # Else oslo.config would share what is set among all configurations.
    conf.register_group(copy.deepcopy(memcached_group))
    conf.register_opts(memcached_opts, group=memcached_group)


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {memcached_group: memcached_opts}
