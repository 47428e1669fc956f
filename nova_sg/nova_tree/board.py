# SPDX-License-Identifier: Apache-2.0

"""The services of all cells of a nova, for nova-sg-api in it.

What is looked at and changed goes the way that nova's own REST API goes:
nova's policies, and ``HostAPI``, which tells a compute that was disabled to
note it in placement.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from nova import context as nova_context
from nova import exception as nova_exception
from nova import objects
from nova.compute import api as compute_api
from nova.objects import fields
from oslo_log import log as logging

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.api.dashboard import board as sg_board
from nova_sg.inventory import base as inventory_base
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import history
from nova_sg.nova_tree import monitoring
from nova_sg.nova_tree import shown
from nova_sg.objects import overview
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.history import entry

LOG = logging.getLogger(__name__)

#: A service to ask for where only an answer is wanted.
_NOBODY = '-'


class NovaSource(monitoring.NovaSource):
    """The services of all cells, and not only of that of this process."""

    def listing(self) -> Iterator[overview.Seen]:
        return map(_see, _explained())


class NovaBoard(sg_board.Board):
    """The services of all cells, as the page shows and changes them."""

    def __init__(self, source: overview.Source) -> None:
        super().__init__(source)
        self._host_api = compute_api.HostAPI()

    def listing(self) -> Iterator[sg_board.Row]:
        return map(_row, self._source.listing())

    def host(
        self, context: sg_context.RequestContext, name: str
    ) -> list[Mapping[str, Any]]:
        found = _explained(name)
        return [_detail(each) for each in found if each.host == name]

    def history(
        self, context: sg_context.RequestContext, name: str
    ) -> Sequence[entry.Entry] | None:
        question = history_base.Question(host=name, limit=sg_board.HISTORY)
        try:
            return history.read(question, LOG.debug)
        except exception.SchemaNotReady:
            return None

    def change(
        self,
        context: sg_context.RequestContext,
        uuid: str,
        changes: Mapping[str, Any],
    ) -> None:
        novas = _nova_context(context)
        with errors.as_ours():
            service = self._host_api.service_get_by_id(novas, uuid)
            if service.binary != inventory_base.COMPUTE_BINARY:
                raise exception.ValidationError(
                    detail=f'Updating a {service.binary} service is not '
                    'supported.'
                )
            if 'status' in changes:
                service.disabled = changes['status'] == 'disabled'
                service.disabled_reason = changes.get('disabled_reason')
            if 'forced_down' in changes:
                service.forced_down = changes['forced_down']
                if not service.forced_down:
                    _check_cleaned_up(novas, service.host)
            self._host_api.service_update(novas, service)

    def authorize(self, context: sg_context.RequestContext, rule: str) -> None:
        try:
            _nova_context(context).can(rule, target={})
        except nova_exception.Forbidden:
            raise exception.PolicyNotAuthorized(action=rule) from None


class Inside:
    """This nova, as nova-sg-api asks it."""

    def __init__(self) -> None:
        self.source = NovaSource()
        self.board = NovaBoard(self.source)

    def ask_backend(self) -> None:
        answers = nova_context.scatter_gather_all_cells(
            nova_context.get_admin_context(),
            objects.Service.get_by_host_and_binary,
            *(_NOBODY, _NOBODY),
        )
        if any(map(nova_context.is_cell_failure_sentinel, answers.values())):
            raise exception.ServiceGroupUnavailable(
                backend='a cell', reason='it does not answer'
            )


def _check_cleaned_up(context: Any, host: str) -> None:
    """Refuse to take up a host again that has to be restarted first.

    As nova's REST API does, above ``HostAPI``. A compute removes the servers
    that were evacuated from it when it starts. Until then they may run twice.

    :param context: of the cell of the host
    :raises Conflict: the compute has not started since an evacuation
    """
    evacuated = objects.MigrationList.get_by_filters(
        context,
        {
            'source_compute': host,
            'status': 'done',
            'migration_type': fields.MigrationType.EVACUATION,
        },
    )
    if len(evacuated):
        raise exception.Conflict(
            f'Servers were evacuated from {host}, and its nova-compute has '
            'not started since. Restart nova-compute there first: it removes '
            'what is left of them.'
        )


def _nova_context(ours: sg_context.RequestContext) -> Any:
    """Return a caller as nova knows it."""
    return nova_context.RequestContext(
        ours.user_id,
        ours.project_id,
        roles=ours.roles,
        auth_token=ours.auth_token,
        user_name=ours.user_name,
        project_name=ours.project_name,
        request_id=ours.request_id,
        system_scope=ours.system_scope,
        overwrite=False,
    )


def _explained(host: str | None = None) -> Iterator[shown.Shown]:
    """Return the services of all cells that report their state, and why.

    :raises ServiceGroupUnavailable: they cannot be listed
    """
    for each in shown.services(host, None, explained=True):
        if each.state != shown.UNREPORTED:
            yield each


def _see(service: shown.Shown) -> overview.Seen:
    zone = service.availability_zone
    return overview.see(service, zone, service.state, service.why)


def _row(seen: overview.Seen) -> sg_board.Row:
    since = None
    if seen.state == liveness.DOWN and not seen.service.forced_down:
        why = seen.service.why
        since = why.since or why.last_seen or seen.service.updated_at
    return sg_board.row(seen, since)


def _detail(service: shown.Shown) -> dict[str, Any]:
    return {
        **_row(_see(service))._asdict(),
        'version': service.version,
        'last_seen': service.why.last_seen or service.updated_at,
        'seen_by': service.why.seen_by,
        'created_at': None,
        'updated_at': service.updated_at,
        # Of a cell that does not answer nova knows only the names.
        'may_change': service.disabled is not None
        and service.binary == inventory_base.COMPUTE_BINARY,
    }
