# SPDX-License-Identifier: Apache-2.0

"""The REST service: four extensions of nova's compute API.

A resource bears one name in ``handlers``, ``schemas`` and
``nova_sg.policies``, and in the gabbi files of the tests.
"""
