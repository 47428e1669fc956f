# SPDX-License-Identifier: Apache-2.0

"""The interface of a notifier, and the one that says nothing."""

import abc
from typing import Any
from typing import Literal

from nova_sg import context as sg_context

Action = Literal['create', 'update', 'delete']

#: A change of these fields is notified: nova's rule.
TOLD = frozenset({'disabled', 'disabled_reason', 'forced_down'})


class Notifier(abc.ABC):
    """Tells of what has happened, and so never fails.

    A service is anything that has the fields of a record.
    """

    @abc.abstractmethod
    def changed(
        self,
        context: sg_context.RequestContext,
        action: Action,
        service: Any,
    ) -> None:
        """Tell that a service was created, updated or deleted.

        :param service: as it is afterwards; as it was, of a deleted one
        """

    @abc.abstractmethod
    def state(
        self,
        context: sg_context.RequestContext,
        service: Any,
        *,
        up: bool,
        why: Any,
    ) -> None:
        """Tell that a service has gone up or down.

        :param why: a ``servicegroup.reasons.Departure``
        """


class Silent(Notifier):
    """Says nothing."""

    def changed(self, *args: Any, **kwargs: Any) -> None:
        pass

    def state(self, *args: Any, **kwargs: Any) -> None:
        pass
