#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# An OCI runtime that keeps a copy of each document it is given and becomes runc. capture.sh
# copies it beside a file `case` that names the golden case; the copies appear there too.
here=$(dirname "$0")
case_name=$(cat "$here/case" 2>/dev/null)

command='' bundle=. document='' previous=''
for argument in "$@"; do
  case $previous in
    --bundle | -b) bundle=$argument ;;
    --process | -p) document=$argument ;;
  esac
  case $argument in
    create | run | exec | update) [ -n "$command" ] || command=$argument ;;
  esac
  previous=$argument
done

[ -z "$case_name" ] || printf '%s:' "$case_name" >>"$here/calls"
[ -z "$case_name" ] || printf ' %s' "$@" >>"$here/calls"
[ -z "$case_name" ] || echo >>"$here/calls"

case $command in
  create | run) [ -z "$case_name" ] || cp "$bundle/config.json" "$here/$case_name.json" ;;
  exec)
    # A container with a health check has both documents.
    target=$here/$case_name.json
    [ ! -e "$target" ] || target=$here/$case_name.process.json
    [ -z "$case_name" ] || cp "$document" "$target"
    ;;
  update)
    resources=$(mktemp "$here/resources.XXXXXX")
    cat >"$resources"
    [ -z "$case_name" ] || cp "$resources" "$here/$case_name.json"
    exec <"$resources"
    rm -f "$resources"
    ;;
esac
exec "$(cat "$here/runc")" "$@"
