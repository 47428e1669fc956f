# SPDX-License-Identifier: Apache-2.0

"""A servicegroup driver of somebody else's.

``distribution`` is laid out as a third party would publish it: a project of
its own, whose ``pyproject.toml`` names the entry points under which nova_sg
finds the driver. Nothing imports it by name.
"""
