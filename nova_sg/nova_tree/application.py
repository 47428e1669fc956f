# SPDX-License-Identifier: Apache-2.0

"""The services of nova, as the commands of nova-sg-manage see them."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from nova import context as nova_context
from nova import objects
from nova.compute import api as compute_api

from nova_sg import exception
from nova_sg.inventory import base as inventory_base
from nova_sg.inventory import usage
from nova_sg.nova_tree import history
from nova_sg.nova_tree import options
from nova_sg.nova_tree import shown
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.history import entry


class Application:
    """What runs the commands of nova-sg-manage, with the services of nova.

    See ``nova_sg.cmd.commands.base.Application``.

    :param cell: the uuid of the cell to look for a service in; None for all
    """

    load_conf = staticmethod(options.load_for_moving)

    def __init__(self, cell: str | None = None) -> None:
        self._cell = cell
        # By host and binary, what was last known of services.
        self._known: dict[tuple[str, str], shown.Shown] = {}

    def services(
        self, host: str | None, binary: str | None
    ) -> Sequence[shown.Shown]:
        """Return the services of all cells, but for those of the APIs.

        A service in a cell that does not answer is as it was when the cell
        last answered, and its state is unknown. Each tells why it is down.
        """
        services = []
        for each in shown.services(host, binary, explained=True):
            if each.binary in shown.API_SERVICES:
                continue
            key = each.host, each.binary
            if each.disabled is None and key in self._known:
                each = self._known[key]._replace(state=each.state)
            self._known[key] = each
            services.append(each)
        return services

    def whys(
        self, services: Sequence[shown.Shown]
    ) -> Mapping[str, reasons.Departure]:
        return {each.uuid: each.why for each in services}

    def find(self, host: str, binary: str) -> Any:
        """Return a service, with a context that is targeted at its cell.

        :raises NotFound: there is none, or no such cell
        :raises Conflict: there is more than one
        :raises ServiceGroupUnavailable: a cell that might have it does not
            answer
        """
        context = nova_context.get_admin_context()
        mappings = [
            mapping
            for mapping in objects.CellMappingList.get_all(context)
            if self._cell in (None, mapping.uuid)
        ]
        if not mappings:
            raise exception.NotFound(f'There is no cell {self._cell}.')
        answers = nova_context.scatter_gather_cells(
            context,
            mappings,
            nova_context.CELL_TIMEOUT,
            objects.Service.get_by_host_and_binary,
            host,
            binary,
        )
        silent = [
            uuid
            for uuid, answer in answers.items()
            if nova_context.is_cell_failure_sentinel(answer)
        ]
        found = {
            uuid: answer
            for uuid, answer in answers.items()
            if answer is not None and uuid not in silent
        }
        if len(found) > 1:
            raise exception.Conflict(
                f'{binary} on host {host} is in several cells, name one with '
                f'--cell: {", ".join(sorted(found))}'
            )
        if found:
            return next(iter(found.values()))
        if silent:
            raise exception.ServiceGroupUnavailable(
                f'{binary} on host {host} is in no cell that answers; no '
                f'answer from {", ".join(sorted(silent))}'
            )
        raise exception.HostBinaryNotFound(binary=binary, host=host)

    def history(
        self, question: history_base.Question
    ) -> Sequence[entry.Entry]:
        return history.read(question)

    def save(self, service: Any) -> None:
        # Tells placement, too, when a compute is enabled or disabled.
        compute_api.HostAPI().service_update(service._context, service)

    def resources(self, host: str) -> Sequence[usage.HostResource]:
        context = self.find(host, inventory_base.COMPUTE_BINARY)._context
        node = objects.ComputeNode.get_first_node_by_host_for_old_compat(
            context, host
        )
        return usage.of(
            host, [node], objects.InstanceList.get_by_host(context, host)
        )
