# SPDX-License-Identifier: Apache-2.0

"""``nova-sg-run nova-sg-api``: the page, metrics and health of a nova.

It reads nova.conf: ``[api] auth_strategy`` and ``[keystone_authtoken]`` as
nova does, and ``[dashboard]`` and ``[monitoring]``.
"""

from collections.abc import Sequence

from oslo_config import cfg

from nova_sg.api import deploy
from nova_sg.api import inside
from nova_sg.api import server
from nova_sg.cmd import api
from nova_sg.cmd import common
from nova_sg.metrics import place as sg_place
from nova_sg.nova_tree import board
from nova_sg.nova_tree import inside as nova_inside


class Service(server.Service):
    """gunicorn, with what a nova has not."""

    def _load(
        self, conf: cfg.ConfigOpts, place: sg_place.Place | None
    ) -> deploy.WsgiApp:
        return inside.loadapp(conf, board.Inside(), place)


def main(argv: Sequence[str] | None = None) -> int:
    """Run nova-sg-api in a nova and return its exit code."""
    return common.run(api.PROGRAM, _main, argv)


def _main(argv: list[str]) -> int:
    args = api.parser().parse_args(argv)

    def load() -> cfg.ConfigOpts:
        conf = nova_inside.load(
            api.PROGRAM, args.config_files, args.config_dirs, debug=args.debug
        )
        api.configure(conf, args)
        return conf

    Service(load).run()
    return common.Exit.DONE
