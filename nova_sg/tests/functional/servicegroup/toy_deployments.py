# SPDX-License-Identifier: Apache-2.0

"""The deployment in which the suite asks somebody else's driver."""

from nova_sg.servicegroup.testing import deployment
from nova_sg.tests.toy import install
from nova_sg.tests.toy.distribution import toy_deployment


class ToyDeployment(toy_deployment.ToyDeployment):
    """The toy's own, with the toy installed."""

    def make(self) -> deployment.Options:
        install.INSTALLED.get()
        return super().make()
