# SPDX-License-Identifier: Apache-2.0

"""What happens to a compute host that is new; name and group are nova's."""

from oslo_config import cfg

compute_opts = [
    cfg.BoolOpt(
        'enable_new_services',
        default=True,
        help="""
Whether a newly created nova-compute service is enabled.

Set it to false to look at new hosts before they receive instances; such a
service says so in its ``disabled_reason``.
""",
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(compute_opts)


def list_opts() -> dict[str, list[cfg.Opt]]:
    return {'DEFAULT': compute_opts}
