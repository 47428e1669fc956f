# SPDX-License-Identifier: Apache-2.0

"""Lets a process load ``nova.virt.kept_node``, which lies beside this file.

nova takes virt drivers from below ``nova.virt`` alone. Python imports this
module at the start of each process that has its directory on its path. With
``NOVA_SG_TEST_CLOCK`` the clock of the process is wrong.
"""

from importlib import machinery
from importlib import util
import importlib.abc
import os
import pathlib
import sys
from typing import Any

_DRIVER = 'nova.virt.kept_node'


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, *_: Any) -> machinery.ModuleSpec | None:
        if name != _DRIVER:
            return None
        path = pathlib.Path(__file__).with_name('kept_node.py')
        return util.spec_from_file_location(name, path)


sys.meta_path.append(_Finder())
if 'NOVA_SG_TEST_CLOCK' in os.environ:
    importlib.import_module('wrong_clock')
