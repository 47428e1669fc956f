# SPDX-License-Identifier: Apache-2.0

"""The REST service: authentication, and where it listens."""

from oslo_config import cfg

api_group = cfg.OptGroup(
    'api',
    title='REST API options',
    help="""
Where nova-sg-api listens, and how it authenticates requests.
""",
)

api_opts = [
    cfg.StrOpt(
        'auth_strategy',
        default='keystone',
        choices=[
            ('keystone', 'tokens are checked by the identity service'),
            ('noauth2', 'no authentication: for development only'),
        ],
        help="""
How nova-sg-api authenticates requests.

``keystone``: the identity service checks each token. Set
``[keystone_authtoken]`` as well.

``noauth2``: a token is ``USER`` or ``USER:PROJECT``, and the user ``admin`` is
an administrator. nova-sg-api then serves requests from this machine only,
unless ``noauth2_anywhere`` is set.
""",
    ),
    cfg.BoolOpt(
        'noauth2_anywhere',
        default=False,
        help="""
Serve other machines although ``auth_strategy = noauth2``.

Every client that can reach the service is then an administrator. Use it only
in a closed test network.
""",
    ),
    cfg.HostAddressOpt(
        'listen',
        sample_default='0.0.0.0, with noauth2 127.0.0.1',
        help="""
The address on which nova-sg-api listens.
""",
    ),
    cfg.PortOpt(
        'port',
        default=8774,
        help="""
The port on which nova-sg-api listens. The default is nova's.
""",
    ),
    cfg.IntOpt(
        'workers',
        min=1,
        sample_default='the number of CPUs',
        help="""
The number of processes of nova-sg-api that serve requests.
""",
    ),
    cfg.IntOpt(
        'threads',
        default=4,
        min=1,
        help="""
The number of requests that one process serves at the same time.

Raise it if requests wait long for the backend. With SQL records each thread
may hold one database connection.
""",
    ),
    cfg.IntOpt(
        'max_limit',
        default=1000,
        min=1,
        help="""
The largest number of hypervisors in one answer, from microversion 2.33 on.

The answer has a link to the next page.
""",
    ),
]


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {api_group: api_opts}
