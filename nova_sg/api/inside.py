# SPDX-License-Identifier: Apache-2.0

"""nova-sg-api inside a nova: the page, metrics and health, and no API.

There nova serves the compute API itself, and this process has what nova has
not, over nova's own cells and zones.
"""

from collections.abc import Iterable
from typing import Any
from typing import Protocol

from oslo_config import cfg
from oslo_middleware import request_id

from nova_sg import context as sg_context
from nova_sg.api import auth
from nova_sg.api import deploy
from nova_sg.api import faults
from nova_sg.api import handler
from nova_sg.api import health
from nova_sg.api import monitoring
from nova_sg.api.dashboard import application as dashboard
from nova_sg.api.dashboard import board as sg_board
from nova_sg.metrics import place as sg_place
from nova_sg.metrics import services


class Nova(Protocol):
    """What a nova is asked for.

    :ivar board: where the page finds services
    :ivar source: where metrics find them
    """

    board: sg_board.Board
    source: services.Source

    def ask_backend(self) -> None:
        """Return where the services of all cells can be asked for.

        :raises ServiceGroupUnavailable: they cannot
        """


def loadapp(
    conf: cfg.ConfigOpts, nova: Nova, place: sg_place.Place | None = None
) -> deploy.WsgiApp:
    """Return the application of this process.

    :param conf: a loaded configuration
    :param nova: where services are
    :param place: where it shares metrics with other workers; None without
    :raises InvalidConfiguration: naming the option that cannot be used
    """
    shown = None
    if place is not None:
        shown = monitoring.begin(conf, place, nova.source)
    health.use(nova.ask_backend)
    return deploy.assemble(Mounts(conf, nova, shown), conf, shown)


class Mounts:
    """Which application a path leads to.

    :param conf: a loaded configuration
    :param nova: where services are
    :param shown: the metrics of this program, where it has any
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        nova: Nova,
        shown: monitoring.Exposition | None,
    ) -> None:
        self._exact: dict[str, deploy.WsgiApp] = {
            health.PATH: health.Health(conf, with_backend=False),
            health.BACKEND_PATH: health.Health(conf, with_backend=True),
        }
        if shown is not None:
            self._exact[monitoring.PATH] = auth.protect(
                monitoring.ForUsers(conf, shown), conf
            )
        self._dashboard: deploy.WsgiApp | None = None
        if conf.dashboard.enabled:
            self._dashboard = dashboard.Dashboard(conf, nova.board)

    def __call__(
        self, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        # Each line of the log shows the id of its request.
        sg_context.RequestContext(
            request_id=environ.get(request_id.ENV_REQUEST_ID), overwrite=True
        )
        path = environ.get('PATH_INFO') or '/'
        found = self._exact.get(path)
        if found is not None:
            environ[handler.ROUTE] = path
            return found(environ, start_response)
        if self._dashboard is not None and dashboard.is_under(path):
            return self._dashboard(environ, start_response)
        response = faults.fault(404, faults.NOT_FOUND)
        answer: Iterable[bytes] = response(environ, start_response)
        return answer
