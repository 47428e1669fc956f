# SPDX-License-Identifier: Apache-2.0

"""Records in SQL are away, and the membership is not."""

from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.functional.servicegroup import records_away
from nova_sg.tests.functional.servicegroup import zookeeper_deployments


class TestZooKeeper(records_away.RecordsAwayTests):
    deployment_class = zookeeper_deployments.ZkSqlDeployment


class TestMemcached(records_away.RecordsAwayTests):
    deployment_class = memcached_deployments.McSqlDeployment
