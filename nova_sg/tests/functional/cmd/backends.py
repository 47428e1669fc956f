# SPDX-License-Identifier: Apache-2.0

"""Commands on backends which are no database."""

import uuid

from nova_sg import context as sg_context
from nova_sg.servicegroup.backends.zookeeper import session
from nova_sg.tests.functional.cmd import base
from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.functional.servicegroup import zookeeper_deployments


class BackendsTestCase(base.CommandTestCase):
    """A database, a chroot and a prefix of its own; all are empty."""

    with_api = False

    def setUp(self) -> None:
        super().setUp()
        self.zookeeper = zookeeper_deployments.ZOOKEEPER.running()
        self.memcached = memcached_deployments.MEMCACHED.running()
        self.addCleanup(session.close_all)
        self.option('ZOOKEEPER__HOSTS', self.zookeeper.hosts)
        self.option('ZOOKEEPER__CHROOT', f'/test-{uuid.uuid4().hex}')
        self.option('MEMCACHED__SERVERS', self.memcached.hosts)
        self.option('MEMCACHED__KEY_PREFIX', f'test-{uuid.uuid4().hex}')
        self.context = sg_context.get_admin_context()
