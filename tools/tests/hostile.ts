/** What people have in their shells, all at once. None of it may change what a test sees. */
export const hostileEnvironment: Record<string, string> = {
  BACKEND_PORT: '1',
  BUILDKIT_PROGRESS: 'rawjson',
  BUILDX_BUILDER: 'somebody-elses',
  BUILDX_CONFIG: '/nonexistent/buildx',
  COLUMNS: '20',
  COMPOSE_ENV_FILES: '/nonexistent/.env',
  COMPOSE_FILE: '/nonexistent/compose.yaml',
  COMPOSE_PROFILES: 'pdf,monitoring,tls',
  COMPOSE_PROJECT_NAME: 'somebody-elses',
  DOCKER_BUILDKIT: '0',
  DOCKER_CLI_HINTS: 'true',
  DOCKER_DEFAULT_PLATFORM: 'linux/s390x',
  FORCE_COLOR: '3',
  GIT_AUTHOR_DATE: '2001-01-01T00:00:00Z',
  GIT_DIR: '/nonexistent/.git',
  LANG: 'tr_TR.UTF-8',
  LANGUAGE: 'tr',
  LC_ALL: 'tr_TR.UTF-8',
  NODE_ENV: 'production',
  NX_STAGES_TAG: 'somebody-elses',
  NX_VERBOSE_LOGGING: 'true',
  POSTGRES_PORT: '1',
  REDIS_PORT: '1',
  SOURCE_DATE_EPOCH: '1',
  TZ: 'Pacific/Kiritimati',
  npm_config_ignore_scripts: 'true',
  npm_config_omit: 'dev',
  npm_config_loglevel: 'silent',
};

/** Files that the user makes are nobody else's to read. */
export const HOSTILE_UMASK = 0o077;
