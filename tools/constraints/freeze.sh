#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# Writes tools/constraints/RELEASE.txt: what an environment with nova, nova-sg,
# its extras and the tests of both is resolved to under the constraints of a
# release of OpenStack. --help says how.

set -euo pipefail

usage() {
    cat <<'END'
Usage: tools/constraints/freeze.sh NUMBER CONSTRAINTS

  NUMBER       of nova, a release in tools/nova_tree/environment.sh: 31
  CONSTRAINTS  a file: upper-constraints.txt of openstack/requirements, of the
               branch stable/RELEASE

Environment:

  NOVA_SG_PYTHON  the interpreter to use, instead of the first one found
END
}

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
    usage
    exit 0
fi
if (($# != 2)) || [[ ! -r $2 ]]; then
    usage >&2
    exit 2
fi
constraints=$(realpath -- "$2")
top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
# shellcheck source=tools/nova_tree/environment.sh
. "$top/tools/nova_tree/environment.sh"
nova_is_release "$1" || exit 2
nova_choose "$1"
cd "$top"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$(nova_python)" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q 'pip>=25.1'
"$work/venv/bin/python" -m pip install -q -c "$constraints" \
    "${nova_packages[@]}" -e '.[all]' --group test
list=tools/constraints/$nova_openstack.txt
{
    echo "# nova==$nova_version, nova-sg, its extras and the tests of both," \
        'under the'
    echo "# constraints of OpenStack $nova_openstack by" \
        'tools/constraints/freeze.sh.'
    "$work/venv/bin/python" -m pip freeze --exclude-editable
} >"$work/list"
mv -- "$work/list" "$list"
echo "$list: $(grep -c == "$list") packages"
