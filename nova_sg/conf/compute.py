# SPDX-License-Identifier: Apache-2.0

"""What happens to a compute host that is new; name and group are nova's."""

from oslo_config import cfg

compute_opts = [
    cfg.BoolOpt(
        'enable_new_services',
        default=True,
        help="""
Enable a nova-compute service when it registers for the first time.

Set it to false to check new hosts before they receive instances. The
``disabled_reason`` of such a service says why it is disabled.
""",
    ),
]


def list_opts() -> dict[str, list[cfg.Opt]]:
    return {'DEFAULT': compute_opts}
