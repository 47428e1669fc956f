# SPDX-License-Identifier: Apache-2.0

"""Versions of RPC interfaces, held back while a deployment is upgraded."""

import copy

from oslo_config import cfg

upgrade_levels_group = cfg.OptGroup(
    'upgrade_levels',
    title='Upgrade levels',
    help="""
The RPC versions that this process may send during a rolling upgrade.

Versions of objects need no option: a newer conductor sends older ones to who
asks for them, and an older one is sent what it knows.
""",
)

upgrade_levels_opts = [
    cfg.StrOpt(
        'conductor',
        regex=r'^(auto|\d+\.\d+)$',
        help="""
The highest version of the conductor's RPC interface to send, as ``1.0``.

Unset, or ``auto`` as a nova.conf may say, the newest this code knows. Set it
to what the oldest conductor of the deployment serves while there are older
ones, and unset it afterwards.
""",
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    # Else oslo.config would share what is set among all configurations.
    conf.register_group(copy.deepcopy(upgrade_levels_group))
    conf.register_opts(upgrade_levels_opts, group=upgrade_levels_group)


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {upgrade_levels_group: upgrade_levels_opts}
