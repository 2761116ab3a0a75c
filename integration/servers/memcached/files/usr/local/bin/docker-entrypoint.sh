#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -e
# As the official one: `docker run IMAGE -m 64` means `memcached -m 64`.
if [ "${1#-}" != "$1" ]; then set -- memcached "$@"; fi
exec "$@"
