# SPDX-License-Identifier: Apache-2.0

"""What the benchmarks make of what they have measured."""

import pathlib

import fixtures
from oslotest import base

from benchmarks import in_tree
from benchmarks import report
from benchmarks import results
from benchmarks import targets


def result(case='list', backend='sqlite', size=10_000, **sides):
    """Return a result with these seconds of each side."""
    return results.Result.now(
        case=case,
        title=case,
        backend=backend,
        size=size,
        unit='list',
        sides={
            name: results.Measured(seconds=list(seconds))
            for name, seconds in sides.items()
        },
        machine={},
    )


class TestMeasured(base.BaseTestCase):
    def note(self, measured, seconds, *, cold, peak=100.0):
        measured.note(
            {
                'seconds': seconds,
                'cpu': seconds,
                'memory': {'peak': peak},
                'facts': {'units': 4},
            },
            cold=cold,
        )

    def test_a_sample_is_kept_for_one_unit_and_a_cold_one_apart(self):
        measured = results.Measured()
        self.note(measured, 40.0, cold=True)
        self.note(measured, 8.0, cold=False)
        self.assertEqual([10.0], measured.cold)
        self.assertEqual([2.0], measured.seconds)

    def test_memory_is_the_most_of_all_processes(self):
        measured = results.Measured()
        self.note(measured, 1.0, cold=True, peak=300.0)
        self.note(measured, 1.0, cold=False, peak=200.0)
        self.assertEqual(300.0, measured.memory)


class TestRatios(base.BaseTestCase):
    def test_a_ratio_is_taken_run_by_run(self):
        # The machine was half as fast in the second run.
        measured = result(ours=(1.0, 2.0, 1.0), nova=(8.0, 18.0, 9.0))
        self.assertEqual([8.0, 9.0, 9.0], measured.ratios('nova', 'ours'))
        self.assertEqual(9.0, measured.ratio('nova', 'ours'))

    def test_of_different_numbers_of_runs_it_is_that_of_the_medians(self):
        measured = result(ours=(1.0, 2.0, 3.0), nova=(8.0,))
        self.assertEqual(4.0, measured.ratio('nova', 'ours'))

    def test_there_is_none_with_who_took_no_part(self):
        self.assertIsNone(result(ours=(1.0,)).ratio('nova', 'ours'))

    def test_results_survive_json(self):
        before = [result(ours=(1.0, 2.0), nova=(3.0, 4.0))]
        self.assertEqual(before, results.from_json(results.to_json(before)))


class TestTargets(base.BaseTestCase):
    def reached(self, *measured):
        """Return whether each target that was judged is reached."""
        return {
            verdict.target.what: verdict.reached
            for verdict in targets.judge(measured)
        }

    def test_a_bound_itself_is_reached(self):
        self.assertEqual(
            {
                'list on sqlite: nova / ours': True,
                'list on sqlite: ours / floor': True,
            },
            self.reached(result(ours=(3.0,), nova=(24.0,), floor=(1.0,))),
        )

    def test_past_it_a_target_is_missed(self):
        self.assertEqual(
            {
                'list on sqlite: nova / ours': False,
                'list on sqlite: ours / floor': False,
            },
            self.reached(result(ours=(3.0,), nova=(23.9,), floor=(0.9,))),
        )

    def test_a_target_in_the_older_floor_is_judged_by_that_alone(self):
        sides = {'ours': (3.0,), 'nova': (24.0,), 'floor': (1.0,)}
        in_rows = 'list on sqlite: ours / rows'
        self.assertNotIn(in_rows, self.reached(result(**sides)))
        judged = self.reached(result(**sides, rows=(2.0,)))
        self.assertTrue(judged[in_rows])
        judged = self.reached(result(**sides, rows=(1.9,)))
        self.assertTrue(judged['list on sqlite: ours / floor'])
        self.assertFalse(judged[in_rows])

    def test_without_a_rival_a_target_is_missed(self):
        verdicts = self.reached(result(ours=(1.0,)))
        self.assertEqual({False}, set(verdicts.values()))

    def test_of_another_size_or_backend_nothing_is_judged(self):
        sides = {'ours': (3.0,), 'nova': (24.0,), 'floor': (1.0,)}
        self.assertEqual({}, self.reached(result(size=1_000, **sides)))
        self.assertEqual({}, self.reached(result(backend='mc', **sides)))

    def test_growth_is_judged_where_both_sizes_are_there(self):
        what = (
            'list on sqlite: what a service adds to the SELECT, at 100,000 / '
            'at 10,000'
        )
        few = result(ours=(1.5,), floor=(0.5,))
        self.assertNotIn(what, self.reached(few))
        for seconds, reached in ((11.0, True), (11.1, False)):
            many = result(size=100_000, ours=(seconds + 9,), floor=(9.0,))
            self.assertEqual(reached, self.reached(few, many)[what])


class TestRows(base.BaseTestCase):
    def test_a_row_has_all_sides(self):
        measured = result(
            ours=(0.001, 0.003), nova=(0.008, 0.03), floor=(0.0005, 0.001)
        )
        measured.sides['ours'].cold = [0.02, 0.04]
        measured.sides['ours'].statements = 1
        measured.sides['nova'].statements = 1997
        row = dict(zip(report.HEADER, report.row(measured), strict=True))
        self.assertEqual('10,000', row['services'])
        self.assertEqual('2 ms (1 ms to 3 ms)', row['nova_sg'])
        self.assertEqual('9 (8 to 10)', row['nova / ours'])
        self.assertEqual('2.5 (2 to 3)', row['ours / floor'])
        self.assertEqual('', row['ours / rows'])
        self.assertEqual('30 ms : - : -', row['cold'])
        self.assertEqual('1 : 1997 : -', row['statements'])

    def test_who_took_no_part_leaves_no_gap(self):
        row = report.row(result(ours=(0.001,)))
        self.assertEqual(len(report.HEADER), len(row))
        self.assertEqual(('1 ms (1 ms to 1 ms)', ''), row[3:5])

    def test_what_nobody_has_told_is_not_there(self):
        measured = result(ours=(0.001,), nova=(0.002,))
        row = dict(zip(report.HEADER, report.row(measured), strict=True))
        self.assertEqual('', row['MB'])
        measured.sides['nova'].memory = 133.0
        row = dict(zip(report.HEADER, report.row(measured), strict=True))
        self.assertEqual('- : 133 : -', row['MB'])


class TestBeside(base.BaseTestCase):
    def test_what_a_plot_says_beside_a_case(self):
        for expected, sides in (
            ('8.0 × as fast', {'ours': [1.0], 'nova': [8.0]}),
            (
                '24 × as fast, 2.0 × the floor',
                {'ours': [1.0], 'nova': [24.0], 'floor': [0.5]},
            ),
            ('2.0 × the floor', {'ours': [1.0], 'floor': [0.5]}),
            ('', {'ours': [1.0]}),
        ):
            self.assertEqual(expected, report.beside(result(**sides)))


class TestGrowth(base.BaseTestCase):
    def test_a_line_has_the_sizes_of_a_case_in_order(self):
        found = [
            result(size=10_000, ours=[2.0], nova=[20.0]),
            result(size=100, ours=[0.02]),
            result(size=1_000, ours=[0.2], nova=[2.0]),
            result(backend='zk', size=1_000, ours=[0.1]),
            result(case='killed', size=0, ours=[5.0]),
        ]
        self.assertEqual(
            {
                'list, a list': {
                    ('sqlite', 'ours'): [
                        (100, 0.02),
                        (1_000, 0.2),
                        (10_000, 2.0),
                    ],
                    ('sqlite', 'nova'): [(1_000, 2.0), (10_000, 20.0)],
                }
            },
            results.growth(found),
        )


class TestInTree(base.BaseTestCase):
    def test_each_driver_is_beside_stock_nova(self):
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path) / 'csv'
        self.assertEqual([], in_tree.read(path))
        path.write_text(
            'Computes,Request,Services kept by,Seconds,Statements\n'
            '1000,/os-services,nova,0.2,4\n'
            '10000,/os-services,nova,8.0,4\n'
            '10000,/os-services,zk,0.5,2\n'
        )
        [found] = in_tree.read(path)
        self.assertEqual(
            ('inside nova: GET /os-services', 'zk', 10_000), found.key
        )
        self.assertEqual(16.0, found.ratio('nova', 'ours'))

    def test_what_is_computed_counts_where_it_was_measured(self):
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path) / 'csv'
        path.write_text(
            'Database,Computes,Request,Services kept by,Seconds,CPU\n'
            'sqlite,10000,scheduling,nova,9.0,0.5\n'
            'sqlite,10000,scheduling,mc:sql,1.0,0.6\n'
            'sqlite,10000,scheduling,before,1.0,0.9\n'
        )
        [judged] = targets.judge(in_tree.read(path))
        self.assertEqual(
            ('inside nova: scheduling on mc:sql: nova / ours', False),
            (judged.target.what, judged.reached),
        )

    def test_each_database_is_compared_with_itself(self):
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path) / 'csv'
        path.write_text(
            'Database,Computes,Request,Services kept by,Seconds\n'
            'postgresql,10000,/os-services,nova,8.0\n'
            'postgresql,10000,/os-services,db,0.5\n'
            'sqlite,10000,/os-services,nova,2.0\n'
            'sqlite,10000,/os-services,db,0.5\n'
        )
        self.assertEqual(
            {'db': 4.0, 'db on postgresql': 16.0},
            {
                each.backend: each.ratio('nova', 'ours')
                for each in in_tree.read(path)
            },
        )
        judged = targets.judge(in_tree.read(path))
        self.assertEqual(
            [('inside nova: GET /os-services on db on postgresql', True)],
            [
                (each.target.what.partition(': nova /')[0], each.reached)
                for each in judged
            ],
        )
