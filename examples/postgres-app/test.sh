# What the functions promise, tried on a copy that this step throws away.
set -e
pg_ctl start --wait --silent --options="-c listen_addresses='' -c fsync=off"
query() { psql --dbname contacts --tuples-only --no-align --command "$1"; }
[ "$(query "SELECT remember('Ada', 'ADA@example.org')")" = 1 ]
[ "$(query "SELECT remember('Ada L.', 'ada@example.org')")" = 1 ]
[ "$(query "SELECT name FROM contact")" = 'Ada L.' ]
if query "SELECT remember('', 'x@example.org')" 2>/dev/null; then echo 'an empty name was taken' >&2; exit 1; fi
pg_ctl stop --wait --silent
echo passed
