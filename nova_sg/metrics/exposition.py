# SPDX-License-Identifier: Apache-2.0

"""The metrics of all workers of a program, as Prometheus reads them.

:status: imported where metrics are on, and nowhere else
"""

import logging
from typing import Any

from oslo_config import cfg
import prometheus_client
from prometheus_client import multiprocess

from nova_sg import instruments
from nova_sg.metrics import deployment as sg_deployment
from nova_sg.metrics import place as sg_place
from nova_sg.metrics import process
from nova_sg.objects import overview

LOG = logging.getLogger(__name__)


class Exposition:
    """Counts, shows what was counted, and where asked for the deployment.

    See :func:`nova_sg.metrics.begin`.
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        program: str,
        place: sg_place.Place,
        slot: int,
        source: overview.Source | None,
    ) -> None:
        try:
            counted = process.Counted(
                place, slot, conductor=program.endswith('conductor')
            )
        except OSError as error:
            # Its services are worth more than its counts.
            LOG.error(
                'Counting nothing for metrics in this process: no room in '
                '%s: %s',
                *(place.path, error.strerror),
            )
        else:
            instruments.use(counted)
        self._place = place
        self._deployment: sg_deployment.Deployment | None = None
        if program in conf.monitoring.deployment:
            self._deployment = sg_deployment.Deployment(
                place, per_service=conf.monitoring.per_service, source=source
            )

    def text(self) -> bytes:
        """Return it as Prometheus's text format."""
        # First, for it may well tell whether the backend answers.
        deployment = b''
        if self._deployment is not None:
            deployment = self._deployment.text()
        return self._counted() + deployment

    def _counted(self) -> bytes:
        self._place.forget_dead()
        registry = prometheus_client.CollectorRegistry()
        collector: Any = multiprocess.MultiProcessCollector
        collector(registry, str(self._place.path))
        return prometheus_client.generate_latest(registry)
