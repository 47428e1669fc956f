# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Who asks, and which cell the call is for."""

from typing import Any

from oslo_context import context


class RequestContext(context.RequestContext):
    """The context of a call, from the REST request down to the backend.

    :param cell_uuid: the cell the call is targeted at, or None for the cell
        of this process (``[servicegroup] cell``)
    :param kwargs: what oslo.context takes: request id, user, project, roles
    """

    FROM_DICT_EXTRA_KEYS = ['cell_uuid']

    def __init__(self, cell_uuid: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cell_uuid = cell_uuid

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), 'cell_uuid': self.cell_uuid}


def get_admin_context(cell_uuid: str | None = None) -> RequestContext:
    """Return a context for what a service does of its own accord.

    :param cell_uuid: see :class:`RequestContext`
    """
    return RequestContext(cell_uuid=cell_uuid, is_admin=True, overwrite=False)
