# SPDX-License-Identifier: Apache-2.0


"""``nova-sg-manage driver``: the servicegroup driver and its backends."""

import argparse
import collections
import logging
from typing import Any

from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.cmd import progress
from nova_sg.cmd.commands import arguments
from nova_sg.cmd.commands import base
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import maintenance
from nova_sg.servicegroup import migration
from nova_sg.servicegroup import plugins

LOG = logging.getLogger(__name__)


class Check(base.ShowOne):
    """Ask the backend, and show its state and what the driver promises."""

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[list[str], list[Any]]:
        conf = self.conf
        with progress.Waiting('Asking the backend'):
            context = self.setup()
            api = servicegroup.get()
            if maintenance.uses_database(conf):
                lacking = maintenance.check_rights(conf)
                if lacking is not None:
                    LOG.warning('%s', lacking)
            backends = maintenance.ask(api.driver.marker_stores())
            services = objects.ServiceGroupServiceList.get_all(context)
            alive = api.liveness(context, [each.uuid for each in services])
            promised = api.driver.characteristics
            shown = {
                'driver': conf.servicegroup.driver,
                'records': plugins.records_name(conf),
                'durable': promised.durable,
                'linearizable': promised.linearizable,
                'monotonic_reads': promised.monotonic_reads,
                'staleness': f'{promised.staleness:g} s',
                'crash_detection': f'{promised.crash_detection:g} s',
                'doubt': f'{promised.doubt:g} s',
                'backend': base.Several([each.name for each in backends]),
                'round_trip_ms': base.Several(
                    [round(each.round_trip * 1000, 2) for each in backends]
                ),
                'marker': base.Several(
                    [str(each.marker or 'not marked yet') for each in backends]
                ),
                # Those which cannot be told apart are one.
                'members': sum(
                    len(each.members) or each.up for each in alive.values()
                ),
            }
            for each in backends:
                shown.update(each.facts)
            if maintenance.uses_database(conf):
                schema = maintenance.schema(conf)
                shown['schema_version'] = schema.found
        states = collections.Counter(service.state for service in services)
        shown['services'] = len(services)
        for state in (liveness.UP, liveness.DOWN, liveness.UNKNOWN):
            shown[state] = states[state]
        return list(shown), list(shown.values())


class Migrate(base.ShowOne):
    """Move the services of a deployment from one driver to another.

    Before: stop what registers or changes services. Afterwards: set the new
    driver everywhere and restart everything.

    Records are copied as they are (ids, uuids, times, decisions, deleted
    services) and compared field by field; the deployment marker moves last.
    If the command is interrupted, run it again: it goes on where it stopped.
    A target that holds other services is refused. The source keeps its
    records, and is marked as left.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        for option, what in (
            ('from', 'where services are'),
            ('to', 'where they go'),
        ):
            parser.add_argument(
                f'--{option}',
                dest=f'{option}_place',
                metavar='DRIVER[:RECORDS]',
                type=arguments.place,
                required=True,
                help=f'{what}: db, zk, mc or another driver; with the place '
                'of the records if that is not the default of the driver: '
                'zk:sql, mc:memcached',
            )
        parser.add_argument(
            '--dry-run',
            action='store_true',
            help='only show what would be done; nothing is written',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        moving = migration.Migration(
            self.app.load_conf, parsed_args.from_place, parsed_args.to_place
        )
        if parsed_args.dry_run:
            with progress.Waiting('Comparing'):
                result = moving.try_out()
        else:
            with progress.Bar('Copying services') as bar:
                result = moving.run(bar.show)
        return (
            ('from', 'to', 'moved', *result._fields),
            (
                str(moving.source),
                str(moving.target),
                not parsed_args.dry_run,
                *result,
            ),
        )
