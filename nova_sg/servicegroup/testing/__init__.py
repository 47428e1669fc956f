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
unittest``, pytest. Those of outages are among them where the deployment can
take its backend away. There are processes which join the deployment, so its
options must be enough to get there from another process, and the driver must
be installed: they find it by its entry point.

Nothing is skipped. A test that a driver could not pass by what it declares
in its ``Characteristics`` checks what it does instead.

What the suite needs besides nova_sg is testtools, fixtures and hypothesis.
"""

from nova_sg.servicegroup.testing.deployment import Deployment
from nova_sg.servicegroup.testing.suites import bind

__all__ = ['Deployment', 'bind']
