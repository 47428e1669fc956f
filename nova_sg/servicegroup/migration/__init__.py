# SPDX-License-Identifier: Apache-2.0

"""The way of a deployment from one driver to another, and back.

``side`` is a driver with its backends, as one configuration has them;
``markers`` reads and moves the deployment markers of these backends; ``plan``
compares what two sides hold; ``move`` does it all in order.
"""

from nova_sg.servicegroup.migration.move import Migration
from nova_sg.servicegroup.migration.move import Result
from nova_sg.servicegroup.migration.side import Place

__all__ = ['Migration', 'Place', 'Result']
