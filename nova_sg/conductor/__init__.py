# SPDX-License-Identifier: Apache-2.0

"""The conductor: where the objects of processes without a database live.

A process that is configured to use it has :mod:`nova_sg.conductor.remote`
set it up; the conductor itself is :mod:`nova_sg.conductor.service`.
"""
