#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# suite.sh [--suite bookworm|trixie] [run.sh's other options] [-- FILE.bats…] - the integration tests in a virtual machine.
#
# RUNWARD and RUNWARDCTL name the binaries under test (default build/release), FILTER a pattern of tests. What is not run
# there stands in left-out.txt, what may be skipped in expected-skips-SUITE.txt. Prints the tests' TAP, each line with its
# file in front, and run.sh's closing line. Exit code 0 only if all that was to be run there passed.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=share.sh
source "$here/share.sh"
suite=bookworm options=() files=()
while (($#)); do
  case $1 in
    --suite) suite=${2:?}; shift 2 ;;
    --) shift; files=("$@"); break ;;
    *) options+=("$1" "${2:?}"); shift 2 ;;
  esac
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
share=$work/share
mkdir -p "$share/tests" "$share/profiles"
cp -r "$here/.." "$share/integration"
cp -r "$here/../../tests/golden" "$share/tests/"
cp -r "$here/../../profiles/default" "$share/profiles/"
share_programs "$share" runward runwardctl runward-recorder escape_calls

# Fifteen minutes, and what a machine takes to boot twice.
"$here/run.sh" --suite "$suite" --timeout "${VM_TIMEOUT:-1080}" --share "$share" "${options[@]}" -- \
  env FILTER="${FILTER:-}" bash -c '
    share=$PWD
    ./install-libraries.sh
    modprobe -a fuse tun
    install -D -t /opt/runward runward runwardctl runward-recorder escape_calls
    export RUNWARD=/opt/runward/runward RUNWARDCTL=/opt/runward/runwardctl JOBS=2 PATIENCE=10
    export ENGINE_NETWORK=0 # but for a file that asks for one; half of a container'"'"'s start otherwise
    export LEFT_OUT=$share/integration/vm/left-out.txt EXPECTED_SKIPS=$share/integration/vm/expected-skips-$0.txt
    echo "# $(sed -n "s/^PRETTY_NAME=//p" /etc/os-release), kernel $(uname -r), $(docker --version)"
    integration/run.sh "$@"
    code=$?
    echo "# $SECONDS s"
    exit $code' "$suite" "${files[@]}"
