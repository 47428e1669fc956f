# SPDX-License-Identifier: Apache-2.0

"""Instances on the hosts of a test."""

import datetime

from nova_sg.db import engine
from nova_sg.db import models


def add(conf, host: str, counts: dict[str, int]) -> None:
    """Record instances, each of 1 CPU, 512 MB and 10 + 2 GB.

    :param counts: how many, by project
    """
    rows = [
        {
            'uuid': f'{project}-{number}',
            'host': host,
            'project_id': project,
            'vcpus': 1,
            'memory_mb': 512,
            'root_gb': 10,
            'ephemeral_gb': 2,
            'created_at': datetime.datetime.now(datetime.UTC),
        }
        for project, count in counts.items()
        for number in range(count)
    ]
    engine.get(conf).write(
        lambda c: c.execute(models.instances.insert(), rows)
    )
