# SPDX-License-Identifier: Apache-2.0

"""Services move from one driver to another.

Everything can be repeated: what was cut off is taken up where it stopped, and
what is done already is not done again. Until the very end the deployment is
where it was.
"""

from collections.abc import Callable
from typing import NamedTuple

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import sequences
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import record
from nova_sg.servicegroup.migration import markers
from nova_sg.servicegroup.migration import plan as sg_plan
from nova_sg.servicegroup.migration import side as sg_side

#: Records taken away at once.
_BATCH = 500

#: How many services a message names.
_FEW = 3

#: Called with how many records are written, and of how many.
Progress = Callable[[int, int], None]


class Result(NamedTuple):
    """What a migration has done; what it would do, where it is a trial.

    :param copied: records written
    :param there: records that were there already
    :param replaced: stale records of the target which were taken away
    """

    copied: int
    there: int
    replaced: int


class Migration:
    """One move of the services of a cell, as often as it is tried.

    The cell is the one of ``[servicegroup] cell``.

    :param load: loads the configuration of this process, anew each time
    :param source: where services are
    :param target: where they go
    :raises InvalidConfiguration: there is no such driver
    :raises InvalidInput: both are the same
    """

    def __init__(
        self,
        load: Callable[[], cfg.ConfigOpts],
        source: sg_side.Place,
        target: sg_side.Place,
    ) -> None:
        self._source = sg_side.Side.load(load, source)
        self._target = sg_side.Side.load(load, target)
        if self.source == self.target:
            raise exception.InvalidInput(
                reason=f'services cannot move from {self.source} to the same'
            )
        self._markers = markers.Markers(load, self._source, self._target)
        self._context = sg_context.get_admin_context()
        # What is written here may be written again, if it changes meanwhile.
        self._written: dict[str, record.Record] = {}
        self._replaced = 0

    @property
    def source(self) -> marker.Marker:
        """Where services are."""
        return self._source.ours

    @property
    def target(self) -> marker.Marker:
        """Where they go."""
        return self._target.ours

    @property
    def copies(self) -> bool:
        """Whether there is anything to copy: records may stay in place."""
        return (
            self._source.records.marker_store.name
            != self._target.records.marker_store.name
        )

    def try_out(self) -> Result:
        """Return what :meth:`run` would do, and write nothing.

        :raises MigrationRefused: it would refuse to
        :raises ServiceGroupUnavailable: a backend cannot be asked
        """
        plan = self._plan(self._markers.check())
        return Result(len(plan.to_copy), plan.there, len(plan.in_the_way))

    def run(self, progress: Progress = lambda done, total: None) -> Result:
        """Move services.

        :param progress: called as it goes on
        :raises MigrationRefused: a backend belongs to another deployment, or
            the target holds services
        :raises MigrationFailed: what was written is not what is there
        :raises ServiceGroupUnavailable: a backend cannot be asked
        """
        plan = self._plan(self._markers.check())
        if plan.to_copy or not self._markers.moved():
            self._markers.begin()
            self._copy(plan, progress)
            with self._markers.source_closed():
                if self.copies:
                    self._source.records.settle()
                    # What somebody changed while the rest was copied. Another
                    # run may have opened the target meanwhile.
                    self._copy(self._plan(self._markers.check()), progress)
            self._markers.open_target()
        return Result(len(self._written), plan.there, self._replaced)

    def _plan(self, replaceable: bool) -> sg_plan.Plan:
        """Return what is to be done.

        :param replaceable: whatever is in the target may be replaced
        :raises MigrationRefused: something there may not
        """
        if not self.copies:
            return sg_plan.Plan([], 0, [])
        plan = sg_plan.make(
            self._context, self._source.records, self._target.records
        )
        if plan.empty and self._markers.source_is_unused():
            name = self._source.records.marker_store.name
            raise self._refusal(f'there is nothing in {name}')
        foreign = [
            each for each in plan.in_the_way if each.uuid not in self._written
        ]
        if foreign and not replaceable:
            raise self._refusal(
                f'{self._target.records.marker_store.name} holds '
                f'{len(foreign)} service(s) which are not there, or otherwise '
                f'({record.named(foreign, _FEW)})'
            )
        return plan

    def _copy(self, plan: sg_plan.Plan, progress: Progress) -> None:
        stale = [each.uuid for each in plan.in_the_way]
        for batch in sequences.batched(stale, _BATCH):
            self._target.records.purge(self._context, batch)
        self._replaced += len(set(stale) - self._written.keys())
        total = len(plan.to_copy)
        for number, each in enumerate(plan.to_copy):
            progress(number, total)
            self._target.records.restore(self._context, each)
            self._written[each.uuid] = each
        progress(total, total)
        sg_plan.check(
            self._context, self._target.records, self._written.values()
        )

    def _refusal(self, reason: str) -> exception.MigrationRefused:
        return exception.MigrationRefused(
            source=self.source, target=self.target, reason=reason
        )
