# SPDX-License-Identifier: Apache-2.0

"""A process that may not serve says so before it forks.

nova-conductor and nova-scheduler fork workers, which look at the backend when
they start. A worker that ends because its backend is of another deployment is
forked again, for ever, and init sees a service that runs::

    t=0   the services of the cell move from nova's table to ZooKeeper
    t=60  a nova-conductor that was left with ``driver = db`` starts: its
          worker reads the mark of the move and ends, and so does the next

So ``nova.service.serve`` has a child look first. The parent keeps no
connection, and starts no thread, that its workers would inherit. An
unreachable backend stops no process: the workers wait for it.

``Service.create`` runs earlier and checks part of it, and that a nova-compute
knows its cell. It reports an error in the same way: one line, and the exit
code of nova_sg's commands.
"""

from collections.abc import Callable
from collections.abc import Iterator
import functools
import os
import sys
from typing import Any
from typing import NoReturn

from nova import conf as nova_conf
from nova import context as nova_context
from nova import service as nova_service
from nova.objects import base as objects_base
from oslo_log import log as logging

from nova_sg import exception
from nova_sg import exits
from nova_sg.conf import servicegroup
from nova_sg.inventory import base
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import moved
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import release
from nova_sg.nova_tree import takeover

CONF = nova_conf.CONF
LOG = logging.getLogger(__name__)

#: Bytes of a message of a child.
_LONGEST = 4096


class Serving(takeover.Takeover):
    """How a service of nova starts, and what errors name in a nova."""

    name = 'the start of a service of nova'

    def wrapped(self) -> Iterator[takeover.Wrapped]:
        yield takeover.Wrapped(
            nova_service,
            'serve',
            ('server', 'workers'),
            _serve,
            release.SERVE_MORE,
        )

    def check(self) -> None:
        super().check()
        self.expect_attribute(nova_service.Service, 'create')

    def take(self, patches: takeover.Patches) -> None:
        super().take(patches)
        patches.set(nova_service.Service, 'create', _create_or_exit())
        patches.set(
            exception.DeploymentMismatch,
            'move_command',
            'nova-manage service migrate',
        )


def _serve(
    novas: Callable[..., None], server: Any, *args: Any, **kwargs: Any
) -> None:
    refused = _look_in_a_child()
    if refused is not None:
        refuse(server.binary, *refused)
    novas(server, *args, **kwargs)


def _create_or_exit() -> Any:
    novas = vars(nova_service.Service)['create'].__func__

    @functools.wraps(novas)
    def create(cls: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            _check_cell(kwargs.get('binary'))
            return novas(cls, *args, **kwargs)
        except exception.NovaSgException as error:
            if not error.misconfigured:
                raise
            binary = kwargs.get('binary') or os.path.basename(sys.argv[0])
            refuse(binary, exits.exit_code(error), str(error))

    return classmethod(create)


def _check_cell(binary: str | None) -> None:
    """Refuse a compute that would register where no nova looks for it.

    nova asks each cell for its computes, and cell0, which is the default of
    the option, has none. nova's own table is that of a cell by itself.

    :raises InvalidConfiguration: the cell of a nova-compute is cell0
    """
    api = owner.get()
    if (
        binary == base.COMPUTE_BINARY
        and api is not None
        and not type(api.driver.records).uses_database
        and cells.of_this_process() == servicegroup.CELL0_UUID
    ):
        raise exception.InvalidConfiguration(
            option='[servicegroup] cell',
            reason='a nova-compute is in no cell0, which is the default: set '
            'the uuid that "nova-manage cell_v2 list_cells" shows for its '
            'cell',
        )


def check() -> None:
    """Refuse a backend that is of a deployment configured otherwise.

    :raises DeploymentMismatch, InvalidConfiguration: it is
    :raises Exception: it cannot be asked
    """
    api = owner.get()
    if api is not None:
        api.check_deployment()
    if objects_base.NovaObject.indirection_api is not None:
        return
    context = nova_context.get_admin_context()
    if api is None:
        moved.refuse(context)
    else:
        owner.check_cell(api, context)


def _look_in_a_child() -> tuple[int, str] | None:
    """Return why this process may not serve, and the exit code for it."""
    answer, child_answer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(child_answer, _look().encode()[:_LONGEST])
        finally:
            # No exit handler of the parent's.
            os._exit(0)
    os.close(child_answer)
    with open(answer, 'rb') as said:
        code, _, text = said.read().decode(errors='replace').partition(' ')
    os.waitpid(pid, 0)
    return (int(code), text) if code else None


def _look() -> str:
    try:
        check()
    except Exception as error:
        if getattr(error, 'misconfigured', False):
            return f'{exits.exit_code(error)} {error}'
        # Its workers will meet it, and wait for the backend.
        LOG.debug('Not looked at before workers are forked: %s', error)
    return ''


def refuse(binary: str, code: int, text: str) -> NoReturn:
    text = ' '.join(text.split())
    if CONF.log_file or CONF.log_dir:
        LOG.critical('%s does not start: %s', binary, text)
    print(f'{binary}: error: {text}', file=sys.stderr)
    raise SystemExit(code)
