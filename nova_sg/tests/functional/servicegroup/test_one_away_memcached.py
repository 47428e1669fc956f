# SPDX-License-Identifier: Apache-2.0

"""One of two memcached servers is away: half of the deployment is known."""

from nova_sg.servicegroup.testing import partial
from nova_sg.tests.functional.servicegroup import memcached_deployments


class TestOneAway(partial.OneAwayTests):
    deployment_class = memcached_deployments.TwoServersDeployment
