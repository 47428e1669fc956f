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
from nova_sg.servicegroup import liveness
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
        # What was last known of the services that were asked for.
        self._known: Sequence[shown.Shown] = ()

    def services(
        self, host: str | None, binary: str | None
    ) -> Sequence[shown.Shown]:
        """Return the services of all cells, but for those of the APIs.

        A service in a cell that does not answer is as it was when the cell
        last answered, and its state is unknown. So is one that is not listed
        any more while a cell does not answer. Each tells why it is down.
        """
        known = {
            (each.host, each.binary): each
            for each in self._known
            if host in (None, each.host) and binary in (None, each.binary)
        }
        listed = []
        silent = False
        for each in shown.services(host, binary, explained=True):
            if each.binary in shown.API_SERVICES:
                continue
            before = known.pop((each.host, each.binary), None)
            if each.disabled is None:
                silent = True
                if before is not None:
                    each = before._replace(state=each.state)
            listed.append(each)
        if known and (silent or not self._all_answer(*next(iter(known)))):
            # Of a cell that does not answer nova lists the mapped computes,
            # and nothing else.
            listed += [
                each._replace(state=liveness.UNKNOWN)
                for each in known.values()
            ]
        self._known = listed
        return listed

    def _all_answer(self, host: str, binary: str) -> bool:
        """Return whether all cells answer a question for a service."""
        context = nova_context.get_admin_context()
        answers = self._ask(context, host, binary)
        return not any(
            map(nova_context.is_cell_failure_sentinel, answers.values())
        )

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
        answers = self._ask(context, host, binary)
        if not answers:
            raise exception.NotFound(f'There is no cell {self._cell}.')
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

    def _ask(self, context: Any, host: str, binary: str) -> Mapping[str, Any]:
        """Return what each cell has of a service, by the uuid of the cell."""
        mappings = [
            mapping
            for mapping in objects.CellMappingList.get_all(context)
            if self._cell in (None, mapping.uuid)
        ]
        answers: Mapping[str, Any] = nova_context.scatter_gather_cells(
            context,
            mappings,
            nova_context.CELL_TIMEOUT,
            objects.Service.get_by_host_and_binary,
            host,
            binary,
        )
        return answers

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
