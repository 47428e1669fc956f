# SPDX-License-Identifier: Apache-2.0

"""Who asks, and for which cell."""

from oslo_context import context as oslo_context
from oslo_serialization import jsonutils
from oslotest import base

from nova_sg import context


class TestContext(base.BaseTestCase):
    def test_it_is_the_same_behind_a_wire(self):
        mine = context.RequestContext(
            cell_uuid='a-cell',
            change='a-token',
            user_id='u1',
            project_id='p1',
            roles=['admin', 'reader'],
            is_admin=True,
        )
        theirs = context.RequestContext.from_dict(
            jsonutils.loads(jsonutils.dumps(mine.to_dict()))
        )
        self.assertEqual(mine.to_dict(), theirs.to_dict())
        self.assertEqual('a-cell', theirs.cell_uuid)
        self.assertEqual('a-token', theirs.change)
        self.assertEqual(['admin', 'reader'], theirs.roles)
        self.assertTrue(theirs.is_admin)

    def test_the_context_of_a_cloud_without_cells_is_understood(self):
        theirs = context.RequestContext.from_dict({'user_id': 'u1'})
        self.assertIsNone(theirs.cell_uuid)

    def test_an_admins_context_leaves_that_of_the_request_in_place(self):
        request = context.RequestContext(user_id='u1')
        self.addCleanup(request.update_store)
        admin = context.get_admin_context('a-cell')
        self.assertTrue(admin.is_admin)
        self.assertEqual('a-cell', admin.cell_uuid)
        self.assertIs(request, oslo_context.get_current())
