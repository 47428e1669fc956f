# SPDX-License-Identifier: Apache-2.0

"""The ``db`` driver holds what it declares."""

from nova_sg.servicegroup import testing
from nova_sg.tests.fixtures import long
from nova_sg.tests.functional.servicegroup import deployments
from nova_sg.tests.functional.servicegroup import service_objects

testing.bind(deployments.PostgresqlDeployment, globals())

# The code is that of MariaDB and SQLite. What PostgreSQL is told in words of
# its own it is told in TestMembership, TestInvocations and TestReasons, too.
long.leave_out(
    globals(),
    *('TestJoins', 'TestNewServices', 'TestWorkers', 'TestWorkerOfMany'),
)


class TestObjects(service_objects.ObjectTests):
    deployment_class = deployments.PostgresqlDeployment
