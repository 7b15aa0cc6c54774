# The roles of the service at PostgreSQL: DATABASE_USER reads and writes rows and nothing else,
# MIGRATION_USER owns the database and changes its schema. MONITORING_USER, made where it has a password,
# reads what the server says of itself and no row. POSTGRES_USER, the superuser that the image makes, is
# left to people and backups.
# Run in the server's container: by its first start, and by whatever brings the service up or restores
# it. May be run again at any time: what is as it should be stays, what another role owns (a database
# from before these roles, a restored backup) is handed over.
: "${DATABASE_USER:?}" "${DATABASE_PASSWORD:?}" "${MIGRATION_USER:?}" "${MIGRATION_PASSWORD:?}"
[ -n "${MONITORING_PASSWORD:-}" ] || MONITORING_USER=
export MONITORING_USER=${MONITORING_USER:-} MONITORING_PASSWORD=${MONITORING_PASSWORD:-}
PGPASSWORD=${POSTGRES_PASSWORD:-} psql -X -q -t -A -o /dev/null -v ON_ERROR_STOP=1 \
  --username="${POSTGRES_USER:-postgres}" --dbname="${POSTGRES_DB:-${POSTGRES_USER:-postgres}}" <<'SQL'
\getenv app DATABASE_USER
\getenv app_password DATABASE_PASSWORD
\getenv owner MIGRATION_USER
\getenv owner_password MIGRATION_PASSWORD
\getenv monitor MONITORING_USER
\getenv monitor_password MONITORING_PASSWORD
-- No log gets a password, and nobody waits long for a lock that we wait for.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET lock_timeout = '20s';

BEGIN;
SELECT pg_advisory_xact_lock(hashtextextended('roles of the service', 0));

SELECT format('CREATE ROLE %I', role) FROM unnest(ARRAY[:'app', :'owner', :'monitor']) role
WHERE role <> '' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %L', role, password)
FROM (VALUES (:'app', :'app_password'), (:'owner', :'owner_password'), (:'monitor', :'monitor_password')) given(role, password)
WHERE role <> '' \gexec
SELECT format('GRANT pg_monitor TO %I', rolname) FROM pg_roles
WHERE rolname = :'monitor' AND NOT pg_has_role(oid, 'pg_monitor', 'MEMBER') \gexec
SELECT oid AS owner_oid FROM pg_roles WHERE rolname = :'owner' \gset

-- Of what no extension made, and outside of the system's own schemas.
SELECT format('ALTER DATABASE %I OWNER TO %I', current_database(), :'owner') \gexec
CREATE TEMP TABLE own_schemas ON COMMIT DROP AS
SELECT oid, nspname, nspowner FROM pg_namespace n
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_namespace'::regclass AND objid = n.oid AND deptype = 'e');
SELECT format('ALTER SCHEMA %I OWNER TO %I', nspname, :'owner') FROM own_schemas
WHERE nspowner <> :owner_oid \gexec
SELECT format('ALTER %s %I.%I OWNER TO %I',
              CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                           WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, nspname, relname, :'owner')
FROM pg_class c JOIN own_schemas s ON s.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND relowner <> :owner_oid
  -- A sequence that belongs to a column goes with its table.
  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid
                  AND (deptype = 'e' OR relkind = 'S' AND deptype IN ('a', 'i')))
ORDER BY c.oid \gexec
SELECT format('ALTER ROUTINE %s OWNER TO %I', p.oid::regprocedure, :'owner')
FROM pg_proc p JOIN own_schemas s ON s.oid = pronamespace
WHERE proowner <> :owner_oid
  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e') \gexec
SELECT format('ALTER TYPE %I.%I OWNER TO %I', nspname, typname, :'owner')
FROM pg_type t JOIN own_schemas s ON s.oid = typnamespace LEFT JOIN pg_class c ON c.oid = typrelid
WHERE typowner <> :owner_oid AND (typtype IN ('e', 'd', 'r') OR typtype = 'c' AND relkind = 'c')
  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_type'::regclass AND objid = t.oid AND deptype = 'e') \gexec

-- What is there, and what migrations will make.
SELECT format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', nspname),
       format('REVOKE CREATE ON SCHEMA %I FROM %I', nspname, :'app'),
       format('GRANT USAGE ON SCHEMA %I TO %I', nspname, :'app'),
       format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I', nspname, :'app'),
       format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %I TO %I', nspname, :'app')
FROM own_schemas \gexec
SELECT format('REVOKE CREATE ON DATABASE %I FROM PUBLIC, %I', current_database(), :'app') \gexec
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT USAGE ON SCHEMAS TO :"app";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"app";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT USAGE, SELECT ON SEQUENCES TO :"app";
COMMIT;
SQL
