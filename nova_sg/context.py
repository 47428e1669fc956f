# SPDX-License-Identifier: Apache-2.0

"""The caller, and the cell that the call is for."""

from typing import Any

from oslo_context import context

#: Seconds for which a store keeps the token of a change at least: longer than
#: anything is sent again.
CHANGE_KEPT = 3600


class RequestContext(context.RequestContext):
    """The context of a call, from the REST request down to the backend.

    :param cell_uuid: the cell the call is targeted at, or None for the cell
        of this process (``[servicegroup] cell``)
    :param change: the token of the one change that the call makes; see
        ``servicegroup.records.change``
    :param kwargs: what oslo.context takes: request id, user, project, roles
    """

    FROM_DICT_EXTRA_KEYS = ['cell_uuid', 'change']

    def __init__(
        self,
        cell_uuid: str | None = None,
        change: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cell_uuid = cell_uuid
        self.change = change

    def to_dict(self) -> dict[str, Any]:
        return {
            **super().to_dict(),
            'cell_uuid': self.cell_uuid,
            'change': self.change,
        }


def get_admin_context(cell_uuid: str | None = None) -> RequestContext:
    """Return a context for what a service does of its own accord.

    :param cell_uuid: see :class:`RequestContext`
    """
    return RequestContext(cell_uuid=cell_uuid, is_admin=True, overwrite=False)
