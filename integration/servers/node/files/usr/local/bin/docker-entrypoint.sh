#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -e
# As the official one: an option or a file that is no command means `node …`.
if [ "${1#-}" != "$1" ] || [ -z "$(command -v "$1")" ]; then set -- node "$@"; fi
exec "$@"
