# SPDX-License-Identifier: Apache-2.0

"""The ``db`` driver holds what it declares."""

from nova_sg.servicegroup import testing
from nova_sg.tests.functional.servicegroup import deployments
from nova_sg.tests.functional.servicegroup import service_objects

testing.bind(deployments.SqliteDeployment, globals())


class TestObjects(service_objects.ObjectTests):
    deployment_class = deployments.SqliteDeployment
