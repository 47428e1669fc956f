# SPDX-License-Identifier: Apache-2.0

"""``/dashboard``: the services of a deployment in a browser, as they change.

==================  ======================================================
:mod:`.application`  which path is what, and the headers of every answer
:mod:`.files`        the page itself: static files, which tell nothing
:mod:`.signin`       from a name and a password to a token
:mod:`.session`      the token in a cookie, and what is refused with one
:mod:`.board`        where services are found, and how they are changed
:mod:`.follower`     what is known of them, as one document with a revision
==================  ======================================================
"""
