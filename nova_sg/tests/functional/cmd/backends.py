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

"""Commands on backends which are no database."""

import uuid

from nova_sg import context as sg_context
from nova_sg.servicegroup.zookeeper import session
from nova_sg.tests.functional.cmd import base
from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.functional.servicegroup import zookeeper_deployments


class BackendsTestCase(base.CommandTestCase):
    """A database, a chroot and a prefix of its own; all are empty."""

    with_api = False

    def setUp(self) -> None:
        super().setUp()
        self.zookeeper = zookeeper_deployments.ZOOKEEPER.get()
        self.memcached = memcached_deployments.MEMCACHED.get()
        for server in (self.zookeeper, self.memcached):
            if not server.answers():
                server.start()
        self.addCleanup(session.close_all)
        self.option('ZOOKEEPER__HOSTS', self.zookeeper.hosts)
        self.option('ZOOKEEPER__CHROOT', f'/test-{uuid.uuid4().hex}')
        self.option('MEMCACHED__SERVERS', self.memcached.hosts)
        self.option('MEMCACHED__KEY_PREFIX', f'test-{uuid.uuid4().hex}')
        self.context = sg_context.get_admin_context()
