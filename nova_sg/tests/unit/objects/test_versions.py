# SPDX-License-Identifier: Apache-2.0

"""What peers of other versions rely on.

A change of fields or of a remotable signature changes a fingerprint. When
a test here fails for that, raise ``VERSION`` of the object, serve older peers
in ``obj_make_compatible``, say in the class what changed, and record the new
fingerprint.
"""

from oslo_versionedobjects import base as ovo_base
from oslo_versionedobjects import fixture
from oslotest import base

from nova_sg import objects
from nova_sg.objects import base as objects_base

FINGERPRINTS = {
    'ServiceGroupService': '1.0-b6f4c9b8d8f2098142a1fb6a5f9c4629',
    'ServiceGroupServiceList': '1.0-3208087e8b93757a6436d2bb6e07d524',
}

#: Of each object that has others in its fields: the versions of all of them.
DEPENDENCIES = {
    'ServiceGroupServiceList': {
        'ServiceGroupServiceList': '1.0',
        'ServiceGroupService': '1.0',
    },
}


def our_classes() -> dict[str, list[type]]:
    """Return our part of the registry, which is one for the process."""
    ours = {}
    for (
        name,
        classes,
    ) in ovo_base.VersionedObjectRegistry.obj_classes().items():
        mine = [c for c in classes if c.__module__.startswith('nova_sg.obj')]
        if mine:
            ours[name] = mine
    return ours


class TestVersions(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.checker = fixture.ObjectVersionChecker(our_classes())

    def test_every_object_has_the_recorded_fingerprint(self):
        expected, actual = self.checker.test_hashes(FINGERPRINTS)
        self.assertEqual(expected, actual, 'see the docstring of this module')

    def test_objects_depend_on_the_recorded_versions(self):
        # oslo's own check does not look into lists of objects.
        versions = {
            name: dict(ovo_base.obj_tree_get_versions(name))
            for name in our_classes()
        }
        self.assertEqual(
            DEPENDENCIES,
            {name: tree for name, tree in versions.items() if len(tree) > 1},
        )

    def test_no_object_holds_another_outside_of_a_list(self):
        expected, actual = self.checker.test_relationships({})
        self.assertEqual(expected, actual)

    def test_every_object_can_be_made_for_every_older_version(self):
        # Raises where a version is not served; all lists go back with
        # their elements.
        self.checker.test_compatibility_routines(use_manifest=True)

    def test_a_new_remotable_argument_changes_the_fingerprint(self):
        class Changed(objects.ServiceGroupService):
            @classmethod
            @objects_base.remotable
            def get_by_uuid(cls, context, service_uuid, cached=False):
                """Take one more argument than its base."""

        checker = fixture.ObjectVersionChecker(
            {'ServiceGroupService': [Changed]}
        )
        self.assertNotEqual(
            FINGERPRINTS['ServiceGroupService'],
            checker.get_hashes()['ServiceGroupService'],
        )


class TestNames(base.BaseTestCase):
    def test_only_names_nova_does_not_have_are_registered(self):
        # oslo finds a class by its name alone, and nova's are Service,
        # ComputeNode, Instance and so on.
        names = set(our_classes())
        self.assertEqual(set(FINGERPRINTS), names)
        self.assertEqual(
            [], [n for n in names if not n.startswith('ServiceGroup')]
        )

    def test_our_objects_name_their_project_on_the_wire(self):
        for classes in our_classes().values():
            for each in classes:
                self.assertEqual('nova_sg', each.OBJ_PROJECT_NAMESPACE)
                self.assertEqual('nova_sg_object', each.OBJ_SERIAL_NAMESPACE)

    def test_behaviour_has_neither_fields_nor_remotable_methods(self):
        # oslo merges both over the bases, and a leaf with nova's own
        # fingerprint could not take them away again.
        for leaf in (
            objects.ServiceGroupService,
            objects.ServiceGroupServiceList,
        ):
            behaviour = leaf.__mro__[1]
            self.assertIn('Behaviour', behaviour.__name__)
            self.assertFalse(hasattr(behaviour, 'fields'))
            remotable = [
                name
                for name in dir(behaviour)
                if hasattr(getattr(behaviour, name), 'original_fn')
                or hasattr(getattr(behaviour, name), 'remotable')
            ]
            self.assertEqual([], remotable)
