# SPDX-License-Identifier: Apache-2.0

"""A Python that has a nova with nova_sg inside: give it ``-m MODULE``.

nova is patched as its tests have it patched, nova_sg is switched
on, and what was asked for runs as it does without.
"""

import importlib
import os
import pathlib
import runpy
import sys

#: The environment variables by which the workers are told.
RECORDS = 'NOVA_SG_SUITE_RECORDS'
TESTS = 'NOVA_SG_SUITE_TESTS'
ON = 'NOVA_SG_SUITE_ON'


def main() -> None:
    """Prepare this process, and run the module its arguments name."""
    sys.path.insert(0, os.getcwd())
    from nova_sg.nova_tree import release

    # For eventlet or native threads, before anything else of nova is
    # imported. The unit tests of nova 31 and 32 leave it to what they import.
    release.patch()
    importlib.import_module(os.environ[TESTS])
    from nova_sg.tests.nova_suite import watcher

    watcher.Watcher(pathlib.Path(os.environ[RECORDS])).install()
    if ON in os.environ:
        from nova_sg.nova_tree import testing

        testing.enable()
        testing.let_tests_set_the_clock()
    _, module, *arguments = sys.argv[1:]
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name='__main__', alter_sys=True)


if __name__ == '__main__':
    main()
