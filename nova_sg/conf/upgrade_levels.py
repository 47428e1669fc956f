# SPDX-License-Identifier: Apache-2.0

"""Versions of RPC interfaces, held back while a deployment is upgraded."""

from oslo_config import cfg

upgrade_levels_group = cfg.OptGroup(
    'upgrade_levels',
    title='Upgrade levels',
    help="""
The RPC versions that this process may send during a rolling upgrade.

Versions of objects need no option: conductors of two releases exchange objects
in the version that both know.
""",
)

upgrade_levels_opts = [
    cfg.StrOpt(
        'conductor',
        regex=r'^(auto|\d+\.\d+)$',
        help="""
The highest version of the conductor's RPC interface to send, such as ``1.0``.

Default, and with ``auto``: the newest version that this release knows. While
conductors of an older release run, set it to the version that the oldest of
them serves; unset it afterwards.
""",
    ),
]


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {upgrade_levels_group: upgrade_levels_opts}
