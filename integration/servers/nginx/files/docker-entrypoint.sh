#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The official one runs what lies in /docker-entrypoint.d, then becomes nginx, as root: the master
# stays root, the workers are www-data.
set -e
for script in /docker-entrypoint.d/*.sh; do
  [ ! -x "$script" ] || "$script"
done
exec "$@"
