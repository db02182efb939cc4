#!/bin/sh
# Fills an empty volume with the database of the image, and serves it.
set -e
[ -s "$PGDATA/PG_VERSION" ] || cp -a /var/lib/postgresql/template/. "$PGDATA/"
chmod 0700 "$PGDATA"
grep -q '^host all all all' "$PGDATA/pg_hba.conf" || echo 'host all all all trust' >> "$PGDATA/pg_hba.conf"
exec postgres -c listen_addresses='*' "$@"
