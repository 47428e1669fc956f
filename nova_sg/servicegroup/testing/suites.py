# SPDX-License-Identifier: Apache-2.0

"""Which tests a deployment is held to."""

from collections.abc import Mapping
import enum
from typing import Any
from typing import NamedTuple

from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import creates
from nova_sg.servicegroup.testing import cut_off
from nova_sg.servicegroup.testing import deployment
from nova_sg.servicegroup.testing import destroys
from nova_sg.servicegroup.testing import flaps
from nova_sg.servicegroup.testing import gone
from nova_sg.servicegroup.testing import heartbeats
from nova_sg.servicegroup.testing import history
from nova_sg.servicegroup.testing import invocations
from nova_sg.servicegroup.testing import joins
from nova_sg.servicegroup.testing import lookups
from nova_sg.servicegroup.testing import machine
from nova_sg.servicegroup.testing import marker
from nova_sg.servicegroup.testing import membership
from nova_sg.servicegroup.testing import new_services
from nova_sg.servicegroup.testing import outage
from nova_sg.servicegroup.testing import partial
from nova_sg.servicegroup.testing import races
from nova_sg.servicegroup.testing import reads
from nova_sg.servicegroup.testing import reasons
from nova_sg.servicegroup.testing import recorder
from nova_sg.servicegroup.testing import records
from nova_sg.servicegroup.testing import repeats
from nova_sg.servicegroup.testing import restore
from nova_sg.servicegroup.testing import slow
from nova_sg.servicegroup.testing import transitions
from nova_sg.servicegroup.testing import verdicts
from nova_sg.servicegroup.testing import weekend
from nova_sg.servicegroup.testing import withheld
from nova_sg.servicegroup.testing import workers

Suites = Mapping[str, type[base.ConformanceTest]]


class Part(enum.Flag):
    """What a deployment is held to.

    A driver with a store and a membership of its own is held to all. One
    that pairs a store with a membership which are held to theirs in other
    deployments is held to what the pair promises.
    """

    RECORDS = enum.auto()
    MEMBERSHIP = enum.auto()
    PAIR = enum.auto()
    ALL = RECORDS | MEMBERSHIP | PAIR


class _Needed(NamedTuple):
    """Suites, and what a deployment overrides where they can be run.

    :param part: the part of a driver that makes these promises
    :param method: the name of the method, None for any deployment
    :param suites: by the name of their class in a module of tests
    """

    part: Part
    method: str | None
    suites: Suites


_ALL = (
    _Needed(
        Part.RECORDS,
        None,
        {
            'TestRecords': records.RecordTests,
            'TestLookups': lookups.LookupTests,
            'TestRestore': restore.RestoreTests,
            'TestCreates': creates.CreateTests,
            'TestRepeats': repeats.RepeatTests,
            'TestReads': reads.ReadTests,
            'TestRacesOfProcesses': races.ProcessRaceTests,
            'TestRacesOfThreads': races.ThreadRaceTests,
            'TestModel': machine.ModelTests,
            'TestHistory': history.HistoryTests,
            'TestTransitions': transitions.TransitionTests,
            'TestRecorder': recorder.RecorderTests,
            'TestWeekend': weekend.WeekendTests,
        },
    ),
    _Needed(
        Part.RECORDS,
        'proxied',
        {
            'TestWithheldAnswers': withheld.WithheldTests,
            'TestSlowWrites': slow.SlowWriteTests,
            'TestReadsUnderResets': reads.ResetReadTests,
            'TestCutOff': cut_off.CutOffTests,
        },
    ),
    _Needed(
        Part.MEMBERSHIP,
        None,
        {
            'TestMembership': membership.MembershipTests,
            'TestWorkers': workers.WorkerTests,
            'TestWorkerOfMany': invocations.WorkerOfManyTests,
            'TestInvocations': invocations.InvocationTests,
        },
    ),
    _Needed(Part.MEMBERSHIP, 'proxied', {'TestFlaps': flaps.FlapTests}),
    _Needed(
        Part.PAIR,
        None,
        {
            'TestMarker': marker.MarkerTests,
            'TestVerdicts': verdicts.VerdictTests,
            'TestJoins': joins.JoinTests,
            'TestNewServices': new_services.NewServiceTests,
            'TestGone': gone.GoneTests,
            'TestDestroys': destroys.DestroyTests,
            'TestReasons': reasons.ReasonTests,
        },
    ),
    _Needed(
        Part.PAIR,
        'proxied',
        {'TestReasonsOfTheCutOff': reasons.CutOffReasonTests},
    ),
    _Needed(Part.PAIR, 'kill', {'TestOutages': outage.OutageTests}),
    _Needed(Part.PAIR, 'pause', {'TestHangs': outage.HangTests}),
    _Needed(Part.PAIR, 'kill_one', {'TestOneAway': partial.OneAwayTests}),
    _Needed(
        Part.PAIR,
        'kill_heartbeats',
        {'TestNoHeartbeats': heartbeats.NoHeartbeatsTests},
    ),
)


def bind(
    deployment_class: type[deployment.Deployment],
    module: dict[str, Any],
    part: Part = Part.ALL,
) -> None:
    """Put the tests of a deployment into a module, for any test runner.

    All those it can be held to: a driver's author does not choose.

    :param module: ``globals()`` of the module
    :param part: see :class:`Part`
    """
    for needed in _ALL:
        if needed.part in part and _has(deployment_class, needed.method):
            for name, suite in needed.suites.items():
                module[name] = type(
                    name,
                    (suite,),
                    {
                        '__doc__': suite.__doc__,
                        '__module__': module['__name__'],
                        'deployment_class': deployment_class,
                    },
                )


def _has(
    deployment_class: type[deployment.Deployment], method: str | None
) -> bool:
    """Return whether a deployment can do what suites need."""
    if method is None:
        return True
    inherited = getattr(deployment.Deployment, method)
    return getattr(deployment_class, method) is not inherited
