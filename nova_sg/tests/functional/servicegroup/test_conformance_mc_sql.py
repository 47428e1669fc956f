# SPDX-License-Identifier: Apache-2.0

"""The ``mc`` driver holds what it declares, with records in SQL."""

from nova_sg.servicegroup import testing
from nova_sg.tests.fixtures import long
from nova_sg.tests.functional.servicegroup import memcached_deployments

testing.bind(
    memcached_deployments.McSqlDeployment,
    globals(),
    testing.Part.PAIR,
)

# With these members mc:memcached is held to them, with these records zk:sql.
long.leave_out(globals(), 'TestJoins', 'TestNewServices', 'TestDestroys')
