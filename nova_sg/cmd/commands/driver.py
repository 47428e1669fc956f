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


"""``nova-sg-manage driver``: the servicegroup driver and its backends."""

import argparse
from typing import Any

from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.cmd import progress
from nova_sg.cmd.commands import base
from nova_sg.servicegroup import loader
from nova_sg.servicegroup import maintenance


class Check(base.ShowOne):
    """Ask the configured backend, and show what it answers."""

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[list[str], list[Any]]:
        conf = self.conf
        with progress.Waiting('Asking the backend'):
            context = self.setup()
            backends = maintenance.ask(servicegroup.get())
            services = objects.ServiceGroupServiceList.get_all(context)
            shown = {
                'driver': conf.servicegroup.driver,
                'records': loader.records_name(conf),
                'backend': base.Several([each.name for each in backends]),
                'round_trip_ms': base.Several(
                    [round(each.round_trip * 1000, 2) for each in backends]
                ),
                'marker': base.Several(
                    [str(each.marker or 'not marked yet') for each in backends]
                ),
            }
            for each in backends:
                shown.update(each.facts)
            if maintenance.uses_database(conf):
                schema = maintenance.schema(conf)
                shown['schema_version'] = schema.found
        up = sum(service.is_up for service in services)
        shown['services'] = len(services)
        shown['up'] = up
        shown['down'] = len(services) - up
        return list(shown), list(shown.values())
