#!/bin/sh
# Stand-in for the entrypoint of the official postgres image: same variables, same folders.
set -eu

# POSTGRES_PASSWORD, or the content of the file that POSTGRES_PASSWORD_FILE names.
value_of() {
  eval "value=\${$1:-} file=\${$1_FILE:-}"
  if [ -n "$file" ]; then value=$(cat "$file"); fi
  printf %s "${value:-${2:-}}"
}

if [ "${1:-}" = "" ] || [ "${1#-}" != "$1" ]; then set -- postgres "$@"; fi

if [ "$1" = postgres ] && [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /var/run/postgresql
  find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres:postgres {} +
  chmod 0700 "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

initialise() {
  user=$(value_of POSTGRES_USER postgres)
  password=$(value_of POSTGRES_PASSWORD)
  database=$(value_of POSTGRES_DB "$user")
  method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  if [ -z "$password" ] && [ "$method" != trust ]; then
    echo 'postgres: POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE) is not set' >&2
    exit 1
  fi
  if [ -n "$(ls -A "$PGDATA")" ] && [ ! -d "$PGDATA/.initialising" ]; then
    echo "postgres: $PGDATA is neither empty nor a database" >&2
    exit 1
  fi

  # Made aside and moved into place with PG_VERSION last: what an earlier, killed start left is
  # never taken for a database.
  find "$PGDATA" -mindepth 1 -delete
  new=$PGDATA/.initialising/data
  mkdir -p "$new"
  umask 077
  printf '%s\n' "$password" > "$PGDATA/.initialising/password"
  # shellcheck disable=SC2086 # POSTGRES_INITDB_ARGS are several words
  initdb --pgdata="$new" --username="$user" ${password:+--pwfile="$PGDATA/.initialising/password"} \
    --auth=trust ${POSTGRES_INITDB_ARGS:-}
  printf '\nhost all all all %s\n' "$method" >> "$new/pg_hba.conf"

  pg_ctl --pgdata="$new" --wait --options="-c listen_addresses=''" start
  trap 'pg_ctl --pgdata="$new" --mode=fast stop; exit 1' INT TERM
  run_psql() { psql -v ON_ERROR_STOP=1 --no-psqlrc --username="$user" "$@"; }
  if [ "$database" != postgres ]; then
    echo 'CREATE DATABASE :"name";' | run_psql --dbname=postgres -v name="$database"
  fi
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sh) if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
      *.sql) run_psql --dbname="$database" --file="$script" ;;
      *.sql.gz) gunzip -c "$script" | run_psql --dbname="$database" ;;
    esac
  done
  pg_ctl --pgdata="$new" --mode=fast --wait stop
  trap - INT TERM

  find "$new" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv {} "$PGDATA/" \;
  mv "$new/PG_VERSION" "$PGDATA/"
  rm -rf "$PGDATA/.initialising"
}

if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then initialise; fi
exec "$@"
