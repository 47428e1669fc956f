# SPDX-License-Identifier: Apache-2.0

"""nova's WSGI applications with nova_sg inside.

For a WSGI server ``nova_sg.nova_tree.wsgi.osapi_compute:application`` takes
the place of ``nova.wsgi.osapi_compute:application``, and so for
``metadata``.
"""

import importlib
from typing import Any


def load(name: str) -> Any:
    """Return an application of nova, made with nova_sg switched on.

    :param name: its module in ``nova.wsgi``
    :raises Exception: nova_sg cannot be switched on; there is no application
    """
    from nova_sg.nova_tree import release

    # First of all, as in nova's own module, which will find it done: under
    # eventlet what is imported before is not patched.
    release.patch(backend='threading')
    from nova_sg import nova_tree

    # Before the application, which registers its service when it is made.
    nova_tree.enable()
    return importlib.import_module(f'nova.wsgi.{name}').application
