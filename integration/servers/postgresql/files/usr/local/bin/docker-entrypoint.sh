#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The official one's steps: directories as root, the rest as postgres; a first start makes the
# cluster and sets it up through a server that listens on its socket only.
set -Eeuo pipefail

make_directories() {
  mkdir -p "$PGDATA"
  chmod 00700 "$PGDATA" || :
  mkdir -p /var/run/postgresql || :
  chmod 03775 /var/run/postgresql || :
  find "$PGDATA" ! -user postgres -exec chown postgres '{}' +
  find /var/run/postgresql ! -user postgres -exec chown postgres '{}' +
}

make_cluster() {
  initdb --username=postgres --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
  printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
  psql -v ON_ERROR_STOP=1 --username postgres --no-password -c 'CREATE DATABASE app'
  pg_ctl -D "$PGDATA" -m fast -w stop
}

if [[ $1 == postgres ]]; then
  if [[ $(id -u) == 0 ]]; then
    make_directories
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
  fi
  if [[ -s $PGDATA/PG_VERSION ]]; then
    echo 'the directory holds a database; skipping initialisation'
  else
    make_cluster
  fi
fi
exec "$@"
