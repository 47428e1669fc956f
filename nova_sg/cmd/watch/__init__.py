# SPDX-License-Identifier: Apache-2.0

"""Following the services of a deployment: what ``service watch`` is made of.

``follower`` reads the services again and again, ``transitions`` tells what
has changed, and ``stream`` (lines) or ``terminal`` (a full screen, which
``screen`` lays out) shows it. ``page`` shows a whole text anew.
"""
