# SPDX-License-Identifier: Apache-2.0

"""Which tests a deployment is held to."""

from typing import Any

from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import creates
from nova_sg.servicegroup.testing import deployment
from nova_sg.servicegroup.testing import destroys
from nova_sg.servicegroup.testing import joins
from nova_sg.servicegroup.testing import lookups
from nova_sg.servicegroup.testing import machine
from nova_sg.servicegroup.testing import marker
from nova_sg.servicegroup.testing import membership
from nova_sg.servicegroup.testing import outage
from nova_sg.servicegroup.testing import races
from nova_sg.servicegroup.testing import records
from nova_sg.servicegroup.testing import restore
from nova_sg.servicegroup.testing import verdicts
from nova_sg.servicegroup.testing import workers

SUITES: dict[str, type[base.ConformanceTest]] = {
    'TestRecords': records.RecordTests,
    'TestLookups': lookups.LookupTests,
    'TestRestore': restore.RestoreTests,
    'TestMarker': marker.MarkerTests,
    'TestRacesOfProcesses': races.ProcessRaceTests,
    'TestRacesOfThreads': races.ThreadRaceTests,
    'TestMembership': membership.MembershipTests,
    'TestWorkers': workers.WorkerTests,
    'TestVerdicts': verdicts.VerdictTests,
    'TestJoins': joins.JoinTests,
    'TestCreates': creates.CreateTests,
    'TestDestroys': destroys.DestroyTests,
    'TestModel': machine.ModelTests,
}


#: For deployments whose backend can be taken away, or made to hang.
OUTAGES: dict[str, type[base.ConformanceTest]] = {
    'TestOutages': outage.OutageTests,
}
HANGS: dict[str, type[base.ConformanceTest]] = {
    'TestHangs': outage.HangTests,
}


def bind(
    deployment_class: type[deployment.Deployment], module: dict[str, Any]
) -> None:
    """Put the tests of a deployment into a module, for any test runner.

    All of them: a driver's author does not choose.

    :param module: ``globals()`` of the module
    """
    suites = dict(SUITES)
    if deployment_class.kill is not deployment.Deployment.kill:
        suites.update(OUTAGES)
    if deployment_class.pause is not deployment.Deployment.pause:
        suites.update(HANGS)
    for name, suite in suites.items():
        module[name] = type(
            name,
            (suite,),
            {
                '__doc__': suite.__doc__,
                '__module__': module['__name__'],
                'deployment_class': deployment_class,
            },
        )
