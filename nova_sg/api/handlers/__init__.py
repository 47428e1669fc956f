# SPDX-License-Identifier: Apache-2.0

"""What each operation does, one module per resource.

A handler takes a :class:`nova_sg.api.operation.Call` and returns what the
answer's body holds: policy, load, act, show.
"""
