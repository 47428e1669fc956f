# SPDX-License-Identifier: Apache-2.0

"""Lists of nova's REST API in one pass.

nova makes a list in layers: rows, versioned objects, a look at each object by
the servicegroup API, a dictionary for each, and its serializer, which is
called back for every time in them. Each layer is cheap for one service. For
10,000 they take ten times what it takes to read the services.

Here a list goes from what the store returned to the dictionaries of the
answer, with times that are text already. The answer is nova's when it is
parsed, key by key and in nova's order, in every microversion. nova's method
still checks the policy and the query, and pages.

Where a test, or another package, has replaced one of the functions that a list
stands on, nova makes the list as it always does (:mod:`.stock`).
"""
