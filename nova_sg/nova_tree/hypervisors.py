# SPDX-License-Identifier: Apache-2.0

"""Hypervisors listed with one read of the services, not one for each.

For each hypervisor of a list nova reads a host mapping and a service: 2N + 1
statements, whatever keeps the services. While a list is made, the first few
are looked up like that, since a list may be short; then all mappings are read
at once, and all computes of each cell at once, and answer for the rest.

Why at ``HostAPI.service_get_by_compute_host``: the list calls it. Other
callers get what they got before: the controller's method says when a list is
made.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextvars
from typing import Any

from nova import context as nova_context
from nova import exception as nova_exception
from nova import objects
from nova.compute import api as compute_api

from nova_sg.nova_tree import controllers
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import takeover

#: Services that are looked up one by one before all are read.
FEW = 10


class HypervisorServices(takeover.Takeover):
    """How ``HypervisorsController`` finds the service of each hypervisor."""

    name = 'the services of os-hypervisors'

    def wrapped(self) -> Iterator[takeover.Wrapped]:
        yield controllers.HYPERVISORS(_list)
        yield takeover.Wrapped(
            compute_api.HostAPI,
            'service_get_by_compute_host',
            ('self', 'context', 'host_name'),
            _find,
        )


class _Computes:
    """The computes of every cell, read when many of them are asked for."""

    def __init__(self) -> None:
        self._asked = 0
        self._cells: dict[str, str] | None = None
        self._services: dict[tuple[str, str], Any] = {}
        self._failed: set[str] = set()

    def find(self, context: Any, host: str) -> Any:
        """Return the service of a host, None where nova is to find it.

        :raises HostMappingNotFound, ComputeHostNotFound: as nova would
        """
        self._asked += 1
        if self._asked <= FEW:
            return None
        if self._cells is None:
            self._cells = self._read(context)
        if host not in self._cells:
            raise nova_exception.HostMappingNotFound(name=host)
        cell = self._cells[host]
        if cell in self._failed:
            return None
        try:
            return self._services[cell, host]
        except KeyError:
            raise nova_exception.ComputeHostNotFound(host=host) from None

    def _read(self, context: Any) -> dict[str, str]:
        """Read the computes of all cells, and which host is in which cell."""
        answers = nova_context.scatter_gather_skip_cell0(
            context,
            objects.ServiceList.get_by_binary,
            'nova-compute',
            include_disabled=True,
        )
        for cell, services in answers.items():
            if nova_context.is_cell_failure_sentinel(services):
                self._failed.add(cell)
                continue
            self._services.update(
                ((cell, service.host), service) for service in services
            )
        mappings = objects.HostMappingList.get_all(context)
        return {each.host: each.cell_mapping.uuid for each in mappings}


#: The list that is being made in this thread.
_current: contextvars.ContextVar[_Computes | None] = contextvars.ContextVar(
    'nova_sg_hypervisors', default=None
)


def _list(novas: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    if owner.driver() is None:
        return novas(*args, **kwargs)
    token = _current.set(_Computes())
    try:
        return novas(*args, **kwargs)
    finally:
        _current.reset(token)


def _find(
    novas: Callable[..., Any], self: Any, context: Any, host_name: str
) -> Any:
    computes = _current.get()
    found = None
    if computes is not None:
        found = computes.find(context, host_name)
    return novas(self, context, host_name) if found is None else found
