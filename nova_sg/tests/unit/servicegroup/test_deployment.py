# SPDX-License-Identifier: Apache-2.0

"""How often a process looks to which deployment a backend belongs."""

import fixtures
from oslotest import base

from nova_sg import exception
from nova_sg.servicegroup import deployment
from nova_sg.servicegroup import marker

OURS = marker.Marker('mc', 'sql')


class Store(marker.MarkerStore):
    """A backend that counts how often it was asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.away = False
        self.theirs = OURS
        self.asked = 0

    def read(self) -> marker.Marker | None:
        self.asked += 1
        if self.away:
            raise exception.ServiceGroupUnavailable(
                backend=self.name, reason='it hangs'
            )
        return self.theirs

    def claim(self, marker: marker.Marker) -> marker.Marker:
        self.read()
        return self.theirs

    def move(self, theirs: marker.Marker, ours: marker.Marker) -> bool:
        raise NotImplementedError


class TestDeployment(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.records, self.members = Store('records'), Store('members')
        self.deployment = deployment.Deployment(
            OURS, lambda: [self.records, self.members]
        )

    def test_reads_ask_a_membership_that_hangs_once_in_a_while(self) -> None:
        self.members.away = True
        for _ in range(20):
            self.deployment.check()
        self.assertEqual(1, self.members.asked)
        self.useFixture(
            fixtures.MonkeyPatch(f'{deployment.__name__}.PAUSE', 0.0)
        )
        self.deployment.check()
        self.assertEqual(2, self.members.asked)

    def test_a_process_that_only_reads_learns_of_a_move(self) -> None:
        for _ in range(20):
            self.deployment.check()
        self.assertEqual(1, self.records.asked)
        self.useFixture(
            fixtures.MonkeyPatch(f'{marker.__name__}.READ_TRUSTED', -1.0)
        )
        self.records.away = True
        self.deployment.check()
        self.records.away = False
        self.records.theirs = marker.Marker('zk', 'sql')
        self.assertRaises(exception.DeploymentMismatch, self.deployment.check)

    def test_one_that_is_back_is_looked_at(self) -> None:
        self.members.away = True
        self.deployment.check()
        self.members.away = False
        self.members.theirs = marker.Marker('zk', 'sql')
        self.assertRaises(
            exception.DeploymentMismatch, self.deployment.check, claim=True
        )
