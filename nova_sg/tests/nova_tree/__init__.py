# SPDX-License-Identifier: Apache-2.0

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
    from nova_sg.nova_tree import release

    release.patch()
