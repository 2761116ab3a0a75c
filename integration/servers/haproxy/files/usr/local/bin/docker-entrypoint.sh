#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# As the official one: master-worker mode (-W), in the foreground (-db).
set -e
if [ "$1" = haproxy ]; then
  shift
  set -- haproxy -W -db "$@"
fi
exec "$@"
