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

"""What the REST service is tested over: a backend for each driver."""

from typing import Any

import fixtures

from nova_sg.servicegroup.testing import deployment
from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.functional.servicegroup import zookeeper_deployments


class Backend(fixtures.Fixture):
    """A deployment of the conformance suite, for its backend's sake.

    :param made: the deployment
    :ivar backends: the options that lead to its backends, by group
    """

    backends: dict[str, dict[str, Any]]

    def __init__(self, made: deployment.Deployment) -> None:
        super().__init__()
        self.deployment = made

    def _setUp(self) -> None:
        made = self.useFixture(self.deployment)
        self.backends = {
            group: dict(values) for group, values in made.backend.items()
        }


def zookeeper() -> Backend:
    return Backend(zookeeper_deployments.ZooKeeperDeployment())


def memcached() -> Backend:
    return Backend(memcached_deployments.McSqlDeployment())


#: By the name of the driver; None is SQLite, which needs no server.
BACKENDS: dict[str, Any] = {'db': None, 'zk': zookeeper, 'mc': memcached}
