# SPDX-License-Identifier: Apache-2.0

"""What requests and answers look like, one module per resource.

Requests are checked against these at the door. Answers are checked in the
tests, and described by ``/openapi.json``; never in production.
"""
