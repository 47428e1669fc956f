# SPDX-License-Identifier: Apache-2.0

"""What the ``zk`` driver stands on: a session, the layout, a mirror.

``session`` talks to the ensemble for the whole process, ``layout`` says what
lies where, and ``mirror`` keeps a copy of it fresh for a process that reads
often. The record store and the membership are built from these.
"""
