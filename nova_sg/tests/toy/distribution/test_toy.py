# SPDX-License-Identifier: Apache-2.0

"""What every driver promises, asked of the toy."""

import toy_deployment

from nova_sg.servicegroup import testing

testing.bind(toy_deployment.ToyDeployment, globals())
