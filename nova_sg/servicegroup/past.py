# SPDX-License-Identifier: Apache-2.0

"""What the servicegroup API tells of the past; see :mod:`.history`."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import cast

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import deployment
from nova_sg.servicegroup import driver as sg_driver
from nova_sg.servicegroup import marker as sg_marker
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.history import entry
from nova_sg.servicegroup.history import recorder
from nova_sg.servicegroup.history import recording


class Past:
    """Reads the history of services, and has it written."""

    driver: sg_driver.Driver
    marker: sg_marker.Marker
    _deployment: deployment.Deployment

    def history(
        self,
        context: sg_context.RequestContext,
        question: history_base.Question,
    ) -> Sequence[entry.Entry]:
        """Return transitions of services in order, the newest last.

        :raises Conflict: this driver keeps no history
        :raises ServiceGroupUnavailable: the backend cannot be asked
        """
        self._deployment.check()
        told = self.driver.history
        if told is None:
            raise exception.Conflict(
                f'With {self.marker} there is no history: these records have '
                'no place for it.'
            )
        return told.of(context, question)

    def recording(
        self,
        observer: str,
        may: Callable[[], bool] = lambda: True,
        context_of: Callable[
            [], sg_context.RequestContext
        ] = sg_context.get_admin_context,
    ) -> recording.Recording | None:
        """Return what records transitions in this process, not started yet.

        :param observer: names this process in an entry
        :param may: see :class:`recording.Recording`
        :param context_of: returns a context for the cell of this process
        :returns: None where this process is not to record any
        """
        options = self.driver.conf.history
        history = self.driver.history
        if not options.enabled or not isinstance(
            history, history_base.History
        ):
            return None
        # A mirror that lags must not show what was before an entry.
        staleness = self.driver.characteristics.staleness
        return recording.Recording(
            recorder.Recorder(
                cast(recorder.Services, self), history, observer, context_of
            ),
            max(options.interval, staleness),
            may,
        )
