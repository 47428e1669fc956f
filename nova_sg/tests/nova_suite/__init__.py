# SPDX-License-Identifier: Apache-2.0

"""nova's own tests, run in a tree whose nova has nova_sg inside.

``tools/nova_tree_tests.sh`` makes the tree and runs them: ``__main__`` starts
the servers and the workers, which ``interpreter`` prepares; ``watcher``
counts what they say to the table ``services``; ``verdict`` compares it all
with what is expected, ``allowed.yaml`` for instance.
"""
