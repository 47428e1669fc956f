# SPDX-License-Identifier: Apache-2.0

"""How a service of nova starts and stops, for what lives as long as it.

``serve`` is called before workers are forked, ``start`` and ``stop`` in each
of them.
"""

import abc
from collections.abc import Callable
from typing import Any

from nova import service as nova_service

from nova_sg.nova_tree import release
from nova_sg.nova_tree import takeover


class Lifetime(takeover.Takeover):
    """``nova.service.serve``, ``Service.start`` and ``Service.stop``."""

    def check(self) -> None:
        self.expect_function(
            nova_service,
            'serve',
            *('server', 'workers'),
            more=release.SERVE_MORE,
        )
        for name in ('start', 'stop'):
            self.expect_function(nova_service.Service, name, 'self')

    def take(self, patches: takeover.Patches) -> None:
        service = nova_service.Service
        patches.set(nova_service, 'serve', self.prepared(nova_service.serve))
        patches.set(service, 'start', self.begun(service.start))
        patches.set(service, 'stop', self.ended(service.stop))

    @abc.abstractmethod
    def prepared(self, novas: Callable[..., None]) -> Callable[..., None]:
        """Return what is called for nova's ``serve``."""

    @abc.abstractmethod
    def begun(self, novas: Callable[[Any], None]) -> Callable[[Any], None]:
        """Return what is called for nova's ``Service.start``."""

    @abc.abstractmethod
    def ended(self, novas: Callable[[Any], None]) -> Callable[[Any], None]:
        """Return what is called for nova's ``Service.stop``."""
