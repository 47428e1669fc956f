# SPDX-License-Identifier: Apache-2.0

"""How the ``zk`` driver reaches ZooKeeper."""

import copy

from oslo_config import cfg

zookeeper_group = cfg.OptGroup(
    'zookeeper',
    title='ZooKeeper options',
    help="""
The ensemble behind ``[servicegroup] driver = zk``.

All processes of a deployment need the same ``chroot``, and credentials that
may change what the others created.
""",
)

connection_opts = [
    cfg.ListOpt(
        'hosts',
        default=['127.0.0.1:2181'],
        help="""
The servers of the ensemble, each ``host:port``, separated by commas.

Name all of them: a process connects to any one, and to another when that
one is gone.
""",
    ),
    cfg.StrOpt(
        'chroot',
        default='/nova-sg',
        help="""
The znode under which everything of this deployment lies.

Give each deployment that shares an ensemble one of its own. It is created
when the first service registers.
""",
    ),
    cfg.FloatOpt(
        'session_timeout',
        default=6.0,
        min=0.5,
        max=86400.0,
        help="""
Seconds after which the ensemble gives up a process it does not hear from.

A crash shows after this time and one tick of the ensemble, at most. Lower
values notice it sooner, but a pause of the process, of the network or of
the ensemble's garbage collection must stay below it, or healthy services
flap. The ensemble grants no less than 2 and no more than 20 of its ticks
(``tickTime``, 2 s by default, and ``maxSessionTimeout``); a process warns
when it is granted another time than it asked for.
""",
    ),
    cfg.FloatOpt(
        'request_timeout',
        default=5.0,
        min=0.1,
        max=86400.0,
        help="""
Seconds a call may wait for the ensemble, all retries included.

It covers the election of a new leader. Keep it below ``[servicegroup]
report_interval``, so that a beat is over before the next one is due.
""",
    ),
    cfg.IntOpt(
        'max_retries',
        default=50,
        min=0,
        help="""
How often a change is tried anew because somebody else was first.

Each time the record is read again, so that changes of different fields all
survive. Few deployments change one record so often that this matters.
""",
    ),
]

credential_opts = [
    cfg.StrOpt(
        'auth_scheme',
        default='digest',
        choices=[
            ('digest', 'ZooKeeper checks user and password by itself'),
            ('sasl', 'the ensemble authenticates with SASL'),
        ],
        help="""
How ``username`` and ``password`` are presented.

Without a ``username`` no credential is presented, and whoever reaches the
ensemble may change what lies there.
""",
    ),
    cfg.StrOpt(
        'username',
        help="""
The user that this deployment is, the same in all its processes.

Once it is set, every znode that is created can be changed by this user
only. Znodes created before keep their access list.
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
The SASL mechanism, with ``auth_scheme = sasl``.

With GSSAPI ``username`` is the principal of the ticket, and there is no
``password``.
""",
    ),
    cfg.StrOpt(
        'sasl_service',
        default='zookeeper',
        help='The service name of the ensemble, with GSSAPI.',
    ),
    cfg.BoolOpt(
        'world_readable',
        default=False,
        help="""
Let everybody read what is created with credentials.

Set it where monitoring without a credential of its own looks at services.
""",
    ),
]

tls_opts = [
    cfg.BoolOpt(
        'use_tls',
        default=False,
        help="""
Speak TLS to the ensemble.

``hosts`` then names its secure ports (``secureClientPort``).
""",
    ),
    cfg.StrOpt(
        'tls_ca_file',
        help="""
File of the certificates that sign those of the ensemble, in PEM.

Only these are trusted. Default: the certificates of the system.
""",
    ),
    cfg.StrOpt(
        'tls_cert_file',
        help="""
File of this process's own certificate, in PEM.

An ensemble asks for one unless it has ``ssl.clientAuth=none``.
""",
    ),
    cfg.StrOpt(
        'tls_key_file',
        help='File of the private key of ``tls_cert_file``, in PEM.',
    ),
    cfg.StrOpt(
        'tls_key_password',
        secret=True,
        help='The password of ``tls_key_file``, where it has one.',
    ),
    cfg.BoolOpt(
        'tls_verify',
        default=True,
        help="""
Refuse an ensemble whose certificate ``tls_ca_file`` does not vouch for.

Without it whoever answers in the ensemble's stead is believed.
""",
    ),
    cfg.BoolOpt(
        'tls_check_hostname',
        default=True,
        help="""
Refuse a server whose certificate names another host than ``hosts`` does.

Clear it where certificates name the ensemble and not its servers.
""",
    ),
]

zookeeper_opts = [*connection_opts, *credential_opts, *tls_opts]


def register_opts(conf: cfg.ConfigOpts) -> None:
    # Else oslo.config would share what is set among all configurations.
    conf.register_group(copy.deepcopy(zookeeper_group))
    conf.register_opts(zookeeper_opts, group=zookeeper_group)


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {zookeeper_group: zookeeper_opts}
