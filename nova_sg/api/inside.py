# SPDX-License-Identifier: Apache-2.0

"""nova-sg-api inside a nova: the page, metrics and health, and no API.

There nova serves the compute API itself, and this process has what nova has
not, over nova's own cells and zones.
"""

from typing import Protocol

from oslo_config import cfg

from nova_sg import metrics
from nova_sg.api import deploy
from nova_sg.api import health
from nova_sg.api import monitoring
from nova_sg.api.dashboard import board as sg_board
from nova_sg.metrics import place as sg_place
from nova_sg.objects import overview


class Nova(Protocol):
    """What a nova is asked for.

    :ivar board: where the page finds services
    :ivar source: where metrics find them
    """

    board: sg_board.Board
    source: overview.Source

    def ask_backend(self) -> None:
        """Return where the services of all cells can be asked for.

        :raises ServiceGroupUnavailable: they cannot
        """


def loadapp(
    conf: cfg.ConfigOpts, nova: Nova, place: sg_place.Place | None = None
) -> deploy.WsgiApp:
    """Return the application of this process.

    :param nova: where services are
    :param place: where it shares metrics with other workers; None without
    :raises InvalidConfiguration: naming the option that cannot be used
    """
    shown = None
    if place is not None:
        shown = metrics.begin(
            conf, monitoring.PROGRAM, place, source=nova.source
        )
    health.use(nova.ask_backend)
    paths = deploy.Paths(conf, shown, nova.board)
    return deploy.assemble(paths, conf, shown)
