# SPDX-License-Identifier: Apache-2.0

"""The conformance suite: what every driver promises, as tests.

The author of a driver gives it a deployment, which is an empty backend and
the options that lead there, in a module of tests of their own::

    from nova_sg.servicegroup import testing

    class EtcdDeployment(testing.Deployment):

        def make(self):
            server = self.useFixture(EtcdServer())
            return {
                'servicegroup': {'driver': 'etcd'},
                'etcd': {'endpoint': server.endpoint},
            }

        # and what else is abstract there: how to count round trips, ...

    testing.bind(EtcdDeployment, globals())

Any runner of unittest finds the tests there: ``stestr``, ``python -m
unittest``, pytest. Those of faults are among them where the deployment can
make the fault: take its backend away (``kill``), let it hang (``pause``), put
a proxy before it (``proxied``), take one of its servers away (``kill_one``),
or those of the heartbeats alone (``kill_heartbeats``). There are processes
which join the deployment, so its options must be enough to get there from
another process, and the driver must be installed: they find it by its entry
point.

Nothing is skipped. A test that a driver could not pass by what it declares
in its ``Characteristics`` checks what it does instead.

What the suite needs besides nova_sg is in its extra ``testing``.
"""

from nova_sg.servicegroup.testing.deployment import Deployment
from nova_sg.servicegroup.testing.link import Link
from nova_sg.servicegroup.testing.suites import bind
from nova_sg.servicegroup.testing.suites import Part

__all__ = ['Deployment', 'Link', 'Part', 'bind']
