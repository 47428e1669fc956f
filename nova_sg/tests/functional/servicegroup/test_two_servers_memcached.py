# SPDX-License-Identifier: Apache-2.0

"""One of two memcached servers is unreachable, or both are."""

from nova_sg.servicegroup.testing import heartbeats
from nova_sg.servicegroup.testing import partial
from nova_sg.tests.functional.servicegroup import memcached_deployments


class TestOne(partial.OneAwayTests):
    """Half of the deployment is known."""

    deployment_class = memcached_deployments.TwoServersDeployment


class TestBoth(heartbeats.NoHeartbeatsTests):
    """Also where all that is asked for lies on one of them."""

    deployment_class = memcached_deployments.TwoServersDeployment
