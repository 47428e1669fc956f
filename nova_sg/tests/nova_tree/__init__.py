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

"""Tests of nova_sg inside a nova, over nova's own test fixtures.

They run in an environment which has nova and nova_sg, such as the one that
tools/nova_tree_tests.sh makes; nova_sg.tests.functional.nova_tree runs them
there, with the servers they need.

Their modules are not named ``test_...``: where there is no nova, discovery
would stumble over them.
"""

import importlib.util

# What nova's own tests begin with: under eventlet nothing may be imported
# before.
if importlib.util.find_spec('nova') is not None:
    from nova import monkey_patch

    monkey_patch.patch()
