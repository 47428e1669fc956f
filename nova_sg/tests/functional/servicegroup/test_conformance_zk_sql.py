# SPDX-License-Identifier: Apache-2.0

"""The ``zk`` driver holds what it declares, with records in SQL."""

from nova_sg.servicegroup import testing
from nova_sg.tests.functional.servicegroup import zookeeper_deployments

testing.bind(
    zookeeper_deployments.ZkSqlDeployment,
    globals(),
    testing.Part.PAIR,
)
