#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# Writes tools/constraints/RELEASE.txt: what an environment with nova, nova-sg,
# its extras and the tests is resolved to under the constraints of a release of
# OpenStack. --help says how.

set -euo pipefail

usage() {
    cat <<'END'
Usage: tools/constraints/freeze.sh RELEASE NOVA_VERSION CONSTRAINTS

  RELEASE       the name of the release, 2025.1 for instance
  NOVA_VERSION  of that release, 31.3.1 for instance
  CONSTRAINTS   a file: upper-constraints.txt of openstack/requirements, of
                the branch stable/RELEASE

Environment:

  NOVA_SG_PYTHON  the interpreter to use (python3)
END
}

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
    usage
    exit 0
fi
if (($# != 3)) || [[ ! -r $3 ]]; then
    usage >&2
    exit 2
fi
release=$1 nova=$2 constraints=$(realpath -- "$3")
top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
cd "$top"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${NOVA_SG_PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q 'pip>=25.1'
"$work/venv/bin/python" -m pip install -q -c "$constraints" \
    "nova==$nova" -e '.[all]' --group test
{
    echo "# nova==$nova, nova-sg, its extras and its tests, resolved under the"
    echo "# constraints of OpenStack $release by tools/constraints/freeze.sh."
    "$work/venv/bin/python" -m pip freeze --exclude-editable
} >"$work/list"
mv -- "$work/list" "tools/constraints/$release.txt"
echo "tools/constraints/$release.txt: $(grep -c == \
    "tools/constraints/$release.txt") packages"
