# SPDX-License-Identifier: Apache-2.0

"""The two zones every deployment has; names and group are nova's."""

from oslo_config import cfg

availability_zone_opts = [
    cfg.StrOpt(
        'default_availability_zone',
        default='nova',
        max_length=255,
        help="""
The availability zone of a compute host that is in no aggregate with a zone.
""",
    ),
    cfg.StrOpt(
        'internal_service_availability_zone',
        default='internal',
        max_length=255,
        help="""
The availability zone shown for all services other than nova-compute.
""",
    ),
]


def list_opts() -> dict[str, list[cfg.Opt]]:
    return {'DEFAULT': availability_zone_opts}
