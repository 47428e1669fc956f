# SPDX-License-Identifier: Apache-2.0

"""A driver and a model side by side, through whatever hypothesis thinks of.

The seed is fixed: the same code meets the same sequences every time.
"""

from collections.abc import Callable
from typing import Any
import uuid as uuids

import hypothesis
from hypothesis import stateful
from hypothesis import strategies

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import driver as sg_driver
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import model

STEPS = 20

# Few, so that they collide.
HOSTS = strategies.sampled_from(['host1', 'Host1', 'hôte'])
BINARIES = strategies.sampled_from(['nova-compute', 'nova-scheduler', 'other'])
TOPICS = strategies.sampled_from([None, 'compute', 'scheduler'])
DECISIONS = {
    'disabled': strategies.booleans(),
    'disabled_reason': strategies.sampled_from([None, 'why', 'weil ü']),
    'forced_down': strategies.booleans(),
    'version': strategies.integers(0, 3),
}
NAMES = {'host': HOSTS, 'binary': BINARIES, 'topic': TOPICS}
VALUES = strategies.fixed_dictionaries(NAMES, optional=DECISIONS)
CHANGES = strategies.fixed_dictionaries(
    {}, optional={**NAMES, **DECISIONS}
).filter(bool)
FILTERS = strategies.fixed_dictionaries(
    {}, optional={**NAMES, 'disabled': strategies.booleans()}
)

DEFAULTS = {
    'disabled': False,
    'disabled_reason': None,
    'forced_down': False,
    'version': 0,
}


class DriverMachine(stateful.RuleBasedStateMachine):
    """Does to a driver and to a model the same, and compares.

    :param driver: its backend has no live record, nor has at the end
    :param ids: what services have had before
    """

    known = stateful.Bundle('known')

    def __init__(self, driver: sg_driver.Driver, ids: set[int]) -> None:
        super().__init__()
        self.records = driver.records
        self.membership = driver.membership
        self.context = sg_context.get_admin_context()
        self.model = model.Model(ids)
        self.handles: dict[str, membership_base.Handle] = {}

    def teardown(self) -> None:
        self.membership.leave_many(self.context, list(self.handles.values()))
        for each in self.records.list(self.context):
            self.membership.forget(self.context, each.uuid)
            self.records.destroy(self.context, each.uuid)

    @stateful.initialize(
        target=known, several=strategies.lists(VALUES, min_size=3, max_size=6)
    )
    def begin(self, several: list[dict[str, Any]]) -> Any:
        made = [self.create_one(values) for values in several]
        return stateful.multiple(*(uuid for uuid in made if uuid))

    @stateful.rule(target=known, values=VALUES)
    def create(self, values: dict[str, Any]) -> Any:
        made = self.create_one(values)
        return stateful.multiple(*([made] if made else []))

    @stateful.rule(uuid=known, changes=CHANGES)
    def update(self, uuid: str, changes: dict[str, Any]) -> None:
        if not self.model.is_live(uuid):
            self.refused(
                exception.ServiceNotFound, self.records.update, uuid, changes
            )
            return
        wanted = {**self.model.services[uuid], **changes}
        error = self.model.collision(wanted, mine=uuid)
        if error is not None:
            self.refused(error, self.records.update, uuid, changes)
            return
        changed = self.records.update(self.context, uuid, changes)
        self.compare(wanted, changed)
        self.model.services[uuid] = wanted

    @stateful.rule(uuid=known)
    def destroy(self, uuid: str) -> None:
        if not self.model.is_live(uuid):
            self.refused(exception.ServiceNotFound, self.records.destroy, uuid)
            return
        self.membership.forget(self.context, uuid)
        self.records.destroy(self.context, uuid)
        service = self.model.services[uuid]
        service['deleted'] = service['id']
        self.model.up.pop(uuid, None)
        # Nothing brings it back.
        self.update(uuid, {'disabled': False})
        self.join(uuid)
        self.beat(uuid)
        self.get(uuid)

    @stateful.rule(target=known, values=VALUES, gap=strategies.integers(0, 2))
    def restore(self, values: dict[str, Any], gap: int) -> Any:
        restored = record.Record(
            id=self.model.next_id() + gap, uuid=str(uuids.uuid4()), **values
        )
        error = self.model.collision(values)
        if error is not None:
            self.refused(error, self.records.restore, restored)
            return stateful.multiple()
        self.records.restore(self.context, restored)
        self.records.restore(self.context, restored)
        return self.model.add(restored)

    @stateful.rule(uuid=known, same_id=strategies.booleans())
    def restore_over_another(self, uuid: str, same_id: bool) -> None:
        there = self.model.services[uuid]
        foreign = record.Record(
            id=there['id'] if same_id else self.model.next_id(),
            uuid=str(uuids.uuid4()) if same_id else uuid,
            host='elsewhere',
            binary='nova-compute',
            topic=None,
        )
        self.refused(exception.ServiceExists, self.records.restore, foreign)

    @stateful.rule(filters=FILTERS)
    def find(self, filters: dict[str, Any]) -> None:
        found = self.records.list(self.context, **filters)
        assert list(self.model.live(**filters)) == [
            model.plain(each) for each in found
        ]

    @stateful.rule(uuid=known)
    def get(self, uuid: str) -> None:
        service = self.model.services[uuid]
        host, binary, topic = (service[name] for name in NAMES)
        self.compare(
            self.model.first(host=host, binary=binary),
            self.records.get_by_host_and_binary(self.context, host, binary),
        )
        if topic is not None:
            self.compare(
                self.model.first(host=host, topic=topic, disabled=False),
                self.records.get_by_host_and_topic(self.context, host, topic),
            )
        getters: list[tuple[Callable[..., record.Record], Any]] = [
            (self.records.get_by_uuid, uuid),
            (self.records.get_by_id, service['id']),
        ]
        for call, key in getters:
            if service['deleted']:
                self.refused(exception.ServiceNotFound, call, key)
            else:
                self.compare(service, call(self.context, key))

    @stateful.rule(binaries=strategies.lists(BINARIES))
    def minimum_versions(self, binaries: list[str]) -> None:
        found = self.records.minimum_versions(self.context, binaries)
        assert self.model.minimum_versions(binaries) == found

    @stateful.rule(uuid=known)
    def join(self, uuid: str) -> None:
        joined = record.Record(**self.model.services[uuid])
        if not self.model.is_live(uuid):
            self.refused(
                exception.ServiceNotFound, self.membership.join, joined
            )
        elif uuid not in self.handles:
            handle = self.membership.join(self.context, joined)
            self.handles[uuid] = handle
            self.model.up[uuid] = True

    @stateful.rule(uuid=known)
    def beat(self, uuid: str) -> None:
        if uuid not in self.handles:
            return
        if self.model.is_live(uuid):
            self.handles[uuid].beat(self.context)
            self.model.up[uuid] = True
        else:
            self.refused(exception.ServiceNotFound, self.handles[uuid].beat)

    @stateful.rule(uuid=known)
    def leave(self, uuid: str) -> None:
        if uuid in self.handles:
            self.handles.pop(uuid).leave(self.context)
            if self.model.is_live(uuid):
                self.model.up[uuid] = False

    @stateful.invariant()
    def verdicts_agree(self) -> None:
        if not self.model.up:
            return
        found = self.membership.alive(self.context, self.model.up)
        assert self.model.up == {
            uuid: verdict.up for uuid, verdict in found.items()
        }

    def create_one(self, values: dict[str, Any]) -> str | None:
        """Create a service, and return its uuid where its names are free."""
        error = self.model.collision(values)
        if error is not None:
            self.refused(error, self.records.create, values)
            return None
        made = self.records.create(self.context, values)
        self.compare(
            {
                **DEFAULTS,
                **values,
                'id': made.id,
                'uuid': made.uuid,
                'deleted': 0,
            },
            made,
        )
        return self.model.add(made)

    def refused(
        self,
        error: type[Exception],
        call: Callable[..., object],
        *arguments: object,
    ) -> None:
        """Check that a call raises this error and no other."""
        try:
            call(self.context, *arguments)
        except error:
            return
        raise AssertionError(f'{call} has not raised {error}')

    def compare(
        self, wanted: dict[str, Any] | None, found: record.Record | None
    ) -> None:
        """Check a record of the driver against that of the model."""
        assert wanted == (None if found is None else model.plain(found))


class ModelTests(base.QuietTest):
    """A driver does what its model does."""

    def test_the_driver_and_its_model_agree(self) -> None:
        # Reading marks nothing, and the machine goes past the API.
        self.api.list(self.context)
        ids: set[int] = set()
        stateful.run_state_machine_as_test(
            lambda: DriverMachine(self.driver, ids),  # type: ignore[arg-type]
            settings=hypothesis.settings(
                derandomize=True,
                database=None,
                deadline=None,
                max_examples=self.deployment.examples,
                stateful_step_count=STEPS,
                # To shrink what fails would take minutes on a slow backend.
                phases=[hypothesis.Phase.generate],
                suppress_health_check=list(hypothesis.HealthCheck),
            ),
        )
