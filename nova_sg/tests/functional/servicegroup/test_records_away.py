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

"""Records in SQL are away, and the membership is not."""

from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.functional.servicegroup import records_away
from nova_sg.tests.functional.servicegroup import zookeeper_deployments


class TestZooKeeper(records_away.RecordsAwayTests):
    deployment_class = zookeeper_deployments.ZkSqlDeployment


class TestMemcached(records_away.RecordsAwayTests):
    deployment_class = memcached_deployments.McSqlDeployment
