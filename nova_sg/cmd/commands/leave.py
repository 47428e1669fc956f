# SPDX-License-Identifier: Apache-2.0


"""``nova-sg-manage service leave``: what systemd says of a unit that ended."""

import argparse
from collections.abc import Iterator
import contextlib
import os
import sys
import threading

from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.cmd import common
from nova_sg.cmd.commands import arguments
from nova_sg.cmd.commands import base
from nova_sg.servicegroup import invocation as sg_invocation

#: Seconds that the command takes at most: less than systemd gives it
#: (TimeoutStopSec, 90 s by default), since the unit starts again only after.
PATIENCE = 20


class Leave(base.Command):
    """Show a service as down as soon as its processes have ended.

    For ExecStopPost= of its unit, which systemd runs however the processes
    ended. Only members of that run of the unit are removed, so that the
    command may run late, and twice. If none is left, as after an orderly
    stop, it does nothing.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        arguments.add_host_and_binary(parser)
        parser.add_argument(
            '--invocation',
            metavar='ID',
            type=arguments.invocation,
            required=True,
            help="systemd's id of the run that has ended: $INVOCATION_ID",
        )
        parser.add_argument(
            '--through-nova',
            action='store_true',
            help="ask nova's conductor: for a compute of nova, which has no "
            'database, with --config-file /etc/nova/nova.conf',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        host, binary = parsed_args.host, parsed_args.binary
        with _at_most(PATIENCE, self.app.NAME):
            leave = (
                self._through_nova if parsed_args.through_nova else self._leave
            )
            removal = leave(host, binary, parsed_args.invocation)
        if removal is None:
            print(f'{binary} on host {host} is not registered.')
            return
        print(f'{binary} on host {host}: {_said(removal)}')

    def _leave(
        self, host: str, binary: str, invocation: str
    ) -> sg_invocation.Removal | None:
        """Leave the way that a process of nova_sg joins.

        :returns: None where the service is not registered
        """
        context = self.setup()
        service = objects.ServiceGroupService.get_by_host_and_binary(
            context, host, binary
        )
        if service is None:
            return None
        return servicegroup.get().leave_invocation(
            context, service.uuid, invocation
        )

    def _through_nova(
        self, host: str, binary: str, invocation: str
    ) -> sg_invocation.Removal | None:
        # Imported here: else every command would import the message bus.
        from nova_sg.conductor import novas

        common.use_messaging(self.conf)
        return novas.leave_invocation(
            self.conf, host, binary, invocation, PATIENCE / 2
        )


def _said(removal: sg_invocation.Removal) -> str:
    """Return what became of the members, in one line for the journal."""
    if not removal.members:
        return removal.kept or 'no member of this invocation is left.'
    taken = f'{removal.members} member(s) of this invocation taken out'
    if removal.kept is None:
        return f'{taken}.'
    return f'{taken}, and the service is not shown as down: {removal.kept}.'


@contextlib.contextmanager
def _at_most(seconds: float, program: str) -> Iterator[None]:
    """End this process where something takes longer.

    A library may wait where no signal reaches it.
    """

    def give_up() -> None:
        print(
            f'{program}: error: the service has not left within {seconds} s; '
            'it is shown as down when it is missed',
            file=sys.stderr,
            flush=True,
        )
        os._exit(common.Exit.UNREACHABLE)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
