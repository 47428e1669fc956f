# SPDX-License-Identifier: Apache-2.0

"""What Prometheus reads of services."""

import types

from oslotest import base

from nova_sg.metrics import text
from nova_sg.objects import overview
from nova_sg.servicegroup import liveness


def seen(state, version, disabled, zone='az1'):
    service = types.SimpleNamespace(
        host='c1', binary='nova-compute', version=version, disabled=disabled
    )
    return overview.Seen(service, zone, state, '', None)


class TestText(base.BaseTestCase):
    def test_of_a_silent_cell_neither_version_nor_status_is_known(self):
        lines = text.of(
            [
                seen(liveness.UP, 66, False),
                seen(liveness.UNKNOWN, None, None, zone=''),
            ],
            per_service=False,
        ).decode()
        self.assertIn(
            'nova_sg_minimum_version{binary="nova-compute"} 66\n', lines
        )
        self.assertIn('status=""} 1\n', lines)
        self.assertIn('status="enabled"} 1\n', lines)

    def test_a_silent_cell_alone_has_no_lowest_version(self):
        lines = text.of(
            [seen(liveness.UNKNOWN, None, None)], per_service=False
        ).decode()
        self.assertNotIn('minimum_version{', lines)
