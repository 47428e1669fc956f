# SPDX-License-Identifier: Apache-2.0

"""Private pieces of libraries that nova_sg needs, and a check of each.

A library may change them with any release. So each is listed here, and found
before the process serves anything: a release that lacks one, or has another,
is refused in one line. ``doc/source/contributor/libraries.rst`` says what each
is for. Pieces of nova are checked by ``nova_sg.nova_tree.takeover``.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import functools
import importlib
from importlib import metadata
import inspect
import operator
from typing import Any
from typing import NamedTuple
from typing import NoReturn

from nova_sg import exception


class Piece(NamedTuple):
    """A function or method, by its place and parameters.

    :param library: the name of its distribution
    :param where: ``module:name``
    :param parameters: all of them, without that of a bound method
    """

    library: str
    where: str
    parameters: tuple[str, ...]


MESSAGING = 'oslo.messaging'

#: What makes a number of ``[oslo_messaging_rabbit] ssl_version``.
SSL_VERSION = (
    'oslo_messaging._drivers.impl_rabbit:Connection.validate_ssl_version'
)

#: By the part of nova_sg that needs them.
PIECES: Mapping[str, Sequence[Piece]] = {
    'api': (
        Piece(
            'oslo.middleware',
            'oslo_middleware.healthcheck:Healthcheck._conf_get',
            ('self', 'key', 'group'),
        ),
    ),
    'beats': (
        Piece(
            MESSAGING,
            'oslo_messaging.rpc.server:RPCServer._on_incoming',
            ('self', 'incoming'),
        ),
    ),
    'conductor': (
        Piece(
            MESSAGING,
            'oslo_messaging.rpc.server:RPCServer._on_incoming',
            ('self', 'incoming'),
        ),
        Piece(
            MESSAGING,
            'oslo_messaging.rpc.server:RPCServer._process_incoming',
            ('self', 'incoming'),
        ),
    ),
    'memcached': (
        Piece(
            'pymemcache', 'pymemcache.client.base:Client._connect', ('self',)
        ),
    ),
    'metrics': (
        Piece(
            'prometheus_client',
            'prometheus_client.values:MultiProcessValue',
            ('process_identifier',),
        ),
    ),
    'objects': (
        Piece(
            'oslo.versionedobjects',
            'oslo_versionedobjects.base:VersionedObject._obj_primitive_key',
            ('field',),
        ),
    ),
    'server': (
        Piece(
            'gunicorn', 'gunicorn.arbiter:Arbiter.murder_workers', ('self',)
        ),
    ),
    'zookeeper': (
        Piece(
            'kazoo',
            'kazoo.client:KazooClient._call',
            ('self', 'request', 'async_object'),
        ),
        Piece(
            'kazoo',
            'kazoo.protocol.connection:ConnectionHandler._connect',
            ('self', 'host', 'hostip', 'port'),
        ),
    ),
}


@functools.cache
def check(part: str) -> None:
    """See that the libraries are as a part of nova_sg knows them.

    :param part: of :data:`PIECES`
    :raises UnexpectedLibrary: naming the library and the piece
    """
    for library, where, parameters in PIECES[part]:
        found = find(library, where)
        if not callable(found) or parameters != tuple(
            inspect.signature(found).parameters
        ):
            unexpected(library, f'{where} must take ({", ".join(parameters)})')


def find(library: str, where: str) -> Any:
    """Return a private piece of a library.

    :param library: the name of its distribution
    :param where: ``module:name``
    :raises UnexpectedLibrary: it is not there
    """
    module, _, name = where.partition(':')
    try:
        return operator.attrgetter(name)(importlib.import_module(module))
    except (ImportError, AttributeError):
        unexpected(library, f'{where} must be there')


def unexpected(library: str, expected: str) -> NoReturn:
    """Refuse the release of a library that is installed.

    :param library: the name of its distribution
    :param expected: what is not as it should be, as a sentence
    :raises UnexpectedLibrary: always
    """
    raise exception.UnexpectedLibrary(
        library=library,
        version=metadata.version(library),
        expected=expected,
    )
