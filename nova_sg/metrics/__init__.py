# SPDX-License-Identifier: Apache-2.0

"""Metrics for Prometheus: what a process counts, and what it shows of it.

This module imports nothing heavy: a process without metrics must not pay for
them. ``prometheus_client`` is imported by :func:`begin` alone.

Several worker processes are one program to Prometheus. Each worker counts in
files of its own in a directory that all of them share, and whichever is asked
adds them up: see :mod:`.place`. The custom collectors of ``prometheus_client``
do not run in its multiprocess mode. So what is not counted, but looked up, is
a text of its own here, which is shared as well: see :mod:`.deployment`.
"""

import importlib.util
from typing import TYPE_CHECKING

from oslo_config import cfg

from nova_sg import exception

if TYPE_CHECKING:
    from nova_sg.metrics.exposition import Exposition
    from nova_sg.metrics.place import Place
    from nova_sg.objects.overview import Source

#: What Prometheus is told that the text is.
CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

#: Where the metrics are, on any port.
PATH = '/metrics'

LIBRARY = 'prometheus_client'


def port(conf: cfg.ConfigOpts, program: str) -> int | None:
    """Return the port of a program for metrics and probes, None without."""
    number: int | None = conf.monitoring.ports.get(program)
    return number


def wanted(conf: cfg.ConfigOpts, program: str) -> str | None:
    """Return the option by which a program has metrics, None without."""
    if conf.monitoring.metrics and port(conf, program) is not None:
        return '[monitoring] ports'
    return None


def check(option: str | None) -> None:
    """Refuse metrics without the library that they need.

    :param option: by which they are asked for; None: they are not
    :raises InvalidConfiguration: naming the option, and the extra
    """
    if option is None or _installed():
        return
    raise exception.InvalidConfiguration(
        option=option,
        reason=f'metrics need {LIBRARY}, which is not installed: it comes '
        'with nova-sg[metrics]',
    )


def _installed() -> bool:
    try:
        return importlib.util.find_spec(LIBRARY) is not None
    except ModuleNotFoundError:
        return False


def begin(
    conf: cfg.ConfigOpts,
    program: str,
    place: 'Place',
    slot: int | None = None,
    source: 'Source | None' = None,
) -> 'Exposition':
    """Count from now on, in this process.

    Called in the process that serves, after it was forked; each process takes
    part once. A process that it forks itself counts nothing.

    :param place: where its workers share what they count
    :param slot: the one that this process has taken there; None to take one
    :param source: where all services are; None for those of this package
    :returns: what shows the metrics of all of them
    """
    # Imported here: only a process with metrics pays for it.
    from nova_sg.metrics import exposition

    if slot is None:
        slot = place.take_slot()
    return exposition.Exposition(conf, program, place, slot, source)
