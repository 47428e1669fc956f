# SPDX-License-Identifier: Apache-2.0

"""The REST service: who may ask, and where it listens."""

import copy

from oslo_config import cfg

api_group = cfg.OptGroup(
    'api',
    title='REST API options',
    help="""
How nova-sg-api listens, and how it knows who asks.
""",
)

api_opts = [
    cfg.StrOpt(
        'auth_strategy',
        default='keystone',
        choices=[
            ('keystone', 'tokens are checked by the identity service'),
            ('noauth2', 'whoever asks is who they say: for development'),
        ],
        help="""
How the REST service knows who asks.

With ``keystone`` the identity service is named in ``[keystone_authtoken]``.

With ``noauth2`` a token is ``USER`` or ``USER:PROJECT``, and the user
``admin`` is an administrator. Only requests from this machine are served
then, unless ``noauth2_anywhere`` is set.
""",
    ),
    cfg.BoolOpt(
        'noauth2_anywhere',
        default=False,
        help="""
Let ``auth_strategy = noauth2`` listen on any address and serve any host.

Everybody who can reach the service is an administrator then. Set it in a
closed test network only.
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
The port on which nova-sg-api listens; nova's own default.
""",
    ),
    cfg.IntOpt(
        'workers',
        min=1,
        sample_default='the number of CPUs',
        help="""
How many processes of nova-sg-api serve requests.
""",
    ),
    cfg.IntOpt(
        'threads',
        default=4,
        min=1,
        help="""
How many requests one process serves at the same time.

While one waits for the backend another can be served. Raise it where the
backend is far away.
""",
    ),
    cfg.IntOpt(
        'max_limit',
        default=1000,
        min=1,
        help="""
How many hypervisors one answer holds at most, from microversion 2.33 on.

A client follows the link to the next page.
""",
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    # Else oslo.config would share what is set among all configurations.
    conf.register_group(copy.deepcopy(api_group))
    conf.register_opts(api_opts, group=api_group)


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {api_group: api_opts}
