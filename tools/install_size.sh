#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures what an installation of nova-sg brings along; --help says how.

set -euo pipefail

usage() {
    cat <<'EOF'
Usage: tools/install_size.sh [EXTRA]...

Installs nova-sg into an empty directory, without an extra and then with each
extra (or each EXTRA that is given), and prints how many other packages came
with it and how much room all of them take, byte code included. It needs the
package index, git and a python3 with pip and venv. CONSTRAINTS names a file of
constraints, by default constraints.txt of this tree.
EOF
}

case ${1:-} in
    -h | --help) usage; exit 0 ;;
    -*) echo "install_size.sh: unknown argument: $1 (see --help)" >&2; exit 2 ;;
esac

top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
constraints=${CONSTRAINTS:-$top/constraints.txt}
extras=("$@")
if ((!$#)); then
    extras=(zookeeper memcached postgresql mysql api all testing)
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
python3 -m venv "$work/venv"
pip() { "$work/venv/bin/python" -m pip "$@"; }
pip install -q 'pip>=25.1'
pip wheel -q --no-deps -w "$work" "$top"
wheels=("$work"/nova_sg-*.whl)

printf '%-12s %9s %9s\n' extra packages MiB
for extra in '' "${extras[@]}"; do
    into=$work/into
    rm -rf "$into"
    pip install -q --target "$into" -c "$constraints" \
        "${wheels[0]}${extra:+[$extra]}"
    packages=$(find "$into" -maxdepth 1 -name '*.dist-info' \
        ! -name 'nova_sg-*' | wc -l)
    size=$(du -s --block-size=1K "$into" | cut -f 1)
    printf '%-12s %9d %9d\n' "${extra:-none}" "$packages" $((size / 1024))
done
