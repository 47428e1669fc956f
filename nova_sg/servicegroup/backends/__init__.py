# SPDX-License-Identifier: Apache-2.0

"""The backends nova_sg comes with: each is one folder, and knows no other.

Only :mod:`nova_sg.servicegroup.plugins` reaches them, by their entry points.
A folder has at least ``driver.py``. Where the backend keeps records,
``records.py`` has the store, and ``marker.py`` the state of the deployment;
``membership.py`` has the liveness.
"""
