# SPDX-License-Identifier: Apache-2.0

"""nova's db driver with verdicts of nova_sg."""

import abc
from typing import Any

from nova.servicegroup.drivers import db as nova_db

from nova_sg.nova_tree import looks
from nova_sg.servicegroup import liveness


class VerdictDriver(nova_db.DbDriver, abc.ABC):
    """nova's db driver, whose rule decides where nova_sg has no verdict."""

    @abc.abstractmethod
    def verdict(self, service_ref: Any) -> liveness.Liveness | None:
        """Return what is known of the liveness of a service.

        :returns: None where nova's own rule decides
        :raises ServiceGroupUnavailable: it is unknown
        """

    def is_up(self, service_ref: Any) -> bool:
        """Return whether a service is up; nova has seen to forced_down.

        :raises ServiceGroupUnavailable: that is unknown, and not only looked
            at among others (see :mod:`nova_sg.nova_tree.looks`)
        """
        return looks.up(lambda: self._is_up(service_ref))

    def _is_up(self, service_ref: Any) -> bool:
        known = self.verdict(service_ref)
        if known is None:
            return bool(super().is_up(service_ref))
        return known.up
