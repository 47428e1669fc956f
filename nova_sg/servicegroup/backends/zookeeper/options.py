# SPDX-License-Identifier: Apache-2.0

"""How the ``zk`` driver reaches ZooKeeper."""

from oslo_config import cfg

from nova_sg import exception

zookeeper_group = cfg.OptGroup(
    'zookeeper',
    title='ZooKeeper options',
    help="""
The ensemble behind ``[servicegroup] driver = zk``.

All processes of a deployment need the same ``chroot`` and the same
credentials.
""",
)

connection_opts = [
    cfg.ListOpt(
        'hosts',
        default=['127.0.0.1:2181'],
        help="""
The servers of the ensemble, each ``host:port``, separated by commas.

Name all of them. A process connects to one of them, and to another when that
one fails.
""",
    ),
    cfg.StrOpt(
        'chroot',
        default='/nova-sg',
        help="""
The znode that holds everything of this deployment.

Give each deployment that shares an ensemble a chroot of its own. The first
service that registers creates it.
""",
    ),
    cfg.FloatOpt(
        'session_timeout',
        default=6.0,
        min=0.5,
        max=86400.0,
        help="""
Seconds without a sign of life after which the ensemble expires the session
of a process.

A crash shows after this time and one tick of the ensemble, at most. Lower
values show it sooner. Keep the value above twice the longest pause of a
process, the network or the ensemble, or healthy services flap. The ensemble
grants 2 to 20 of its ticks (``tickTime``, 2 s by default); a process warns
when it is granted another timeout than it asked for.
""",
    ),
    cfg.FloatOpt(
        'request_timeout',
        default=5.0,
        min=0.1,
        max=86400.0,
        help="""
Seconds that a call may wait for the ensemble, all retries included.

Keep it above the time of a leader election, and below ``[servicegroup]
report_interval``, so that a heartbeat ends before the next one is due.
""",
    ),
    cfg.IntOpt(
        'max_retries',
        default=50,
        min=0,
        help="""
How often a change is retried because another process changed the same record.

Each retry reads the record again, so that changes of different fields all
survive. The default suits nearly every deployment.
""",
    ),
]

credential_opts = [
    cfg.StrOpt(
        'auth_scheme',
        default='digest',
        choices=[
            ('digest', 'ZooKeeper itself checks user and password'),
            ('sasl', 'the ensemble authenticates with SASL'),
        ],
        help="""
How a process authenticates with ``username`` and ``password``.

Without a ``username`` it does not authenticate, and every client that can
reach the ensemble may change the services.
""",
    ),
    cfg.StrOpt(
        'username',
        help="""
The ZooKeeper user of this deployment, the same in all its processes.

Only this user may change or, without ``world_readable``, read the znodes that
are created from then on.
Znodes that exist already keep their access list.
""",
    ),
    cfg.StrOpt(
        'password',
        secret=True,
        help='The password of ``username``.',
    ),
    cfg.StrOpt(
        'sasl_mechanism',
        default='DIGEST-MD5',
        choices=[
            ('DIGEST-MD5', 'with ``username`` and ``password``'),
            ('GSSAPI', 'with the Kerberos ticket of this process'),
        ],
        help="""
The SASL mechanism with ``auth_scheme = sasl``.

With GSSAPI set ``username`` to the principal of the ticket, and no
``password``.
""",
    ),
    cfg.StrOpt(
        'sasl_service',
        default='zookeeper',
        help='The service name of the ensemble with GSSAPI.',
    ),
    cfg.BoolOpt(
        'world_readable',
        default=False,
        help="""
Let every client read the znodes that are created with credentials.

Set it if monitoring reads services without a credential.
""",
    ),
]

tls_opts = [
    cfg.BoolOpt(
        'use_tls',
        default=False,
        help="""
Use TLS for connections to the ensemble.

``hosts`` must then name the secure ports (``secureClientPort``).
""",
    ),
    cfg.StrOpt(
        'tls_ca_file',
        help="""
PEM file of the certificates that sign those of the ensemble.

Only these are trusted. Default: the certificates that the system trusts.
""",
    ),
    cfg.StrOpt(
        'tls_cert_file',
        help="""
PEM file of this process's own certificate.

The ensemble asks for one unless it has ``ssl.clientAuth=none``.
""",
    ),
    cfg.StrOpt(
        'tls_key_file',
        help='PEM file of the private key of ``tls_cert_file``.',
    ),
    cfg.StrOpt(
        'tls_key_password',
        secret=True,
        help='The password of ``tls_key_file``, if the key is encrypted.',
    ),
    cfg.BoolOpt(
        'tls_verify',
        default=True,
        help="""
Refuse a server whose certificate is not signed by one of ``tls_ca_file``.

If it is false, any server may take the place of the ensemble.
""",
    ),
    cfg.BoolOpt(
        'tls_check_hostname',
        default=True,
        help="""
Refuse a server whose certificate names another host than ``hosts`` does.

Set it to false if certificates name the ensemble and not its servers.
""",
    ),
]

zookeeper_opts = [*connection_opts, *credential_opts, *tls_opts]


def unusable(option: str, reason: str) -> exception.InvalidConfiguration:
    """Return the error that names an option of ``[zookeeper]``."""
    return exception.InvalidConfiguration(
        option=f'[zookeeper] {option}', reason=reason
    )


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {zookeeper_group: zookeeper_opts}
