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

"""The way of a deployment from one driver to another, and back.

``side`` is a driver with its backends, as one configuration has them;
``markers`` says whose these backends are, and moves that; ``plan`` compares
what two sides hold; ``move`` does it all in order.
"""

from nova_sg.servicegroup.migration.move import Migration
from nova_sg.servicegroup.migration.move import Result
from nova_sg.servicegroup.migration.side import Place

__all__ = ['Migration', 'Place', 'Result']
