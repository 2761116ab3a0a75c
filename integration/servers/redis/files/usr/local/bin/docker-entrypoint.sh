#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The privileges are dropped as the official image of Redis 7.4 and 8 does it: not only another user,
# but no_new_privs and an emptied bounding set too.
set -e
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . ! -user redis -exec chown redis '{}' +
  exec setpriv --reuid=redis --regid=redis --clear-groups \
    --nnp --inh-caps=-all --ambient-caps=-all --bounding-set=-all "$0" "$@"
fi
umask 0077
exec "$@"
