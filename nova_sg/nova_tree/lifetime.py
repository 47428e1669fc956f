# SPDX-License-Identifier: Apache-2.0

"""How a service of nova starts and stops, for what lives as long as it."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

from nova import service as nova_service

from nova_sg.nova_tree import release
from nova_sg.nova_tree import takeover


def wrapped(
    serve: Callable[..., None],
    start: Callable[[Callable[[Any], None], Any], None],
    stop: Callable[[Callable[[Any], None], Any], None],
) -> Sequence[takeover.Wrapped]:
    """Return ``nova.service.serve``, ``Service.start`` and ``Service.stop``.

    :param serve: is called before workers are forked
    :param start: is called in each worker
    :param stop: is called in each worker
    """
    service = nova_service.Service
    return (
        takeover.Wrapped(
            nova_service,
            'serve',
            ('server', 'workers'),
            serve,
            release.SERVE_MORE,
        ),
        takeover.Wrapped(service, 'start', ('self',), start),
        takeover.Wrapped(service, 'stop', ('self',), stop),
    )
