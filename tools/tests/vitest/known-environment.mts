/** What says where this machine keeps its things, and whom it trusts. */
const MACHINE =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|TMPDIR|PWD|XDG_(CACHE|CONFIG|DATA|STATE)_HOME|XDG_RUNTIME_DIR|CI|GITHUB_ACTIONS|GITLAB_CI)$|^(CURL_CA_BUNDLE|GIT_SSL_CAINFO|NODE_EXTRA_CA_CERTS|PIP_CERT|REQUESTS_CA_BUNDLE|SSL_CERT_(DIR|FILE))$/;

/**
 * Which engine is meant, and how this machine reaches package registries. Other settings of Docker,
 * buildx, Compose, Nx and npm change what a test sees, so they are none of its business.
 */
const OUTSIDE =
  /^DOCKER_(HOST|CONTEXT|CONFIG|TLS_VERIFY|CERT_PATH|TLS_CERTDIR)$|^(https?|no|all)_proxy$|^(npm_config_(registry|userconfig|cafile)|GOPROXY|GONOSUMDB|GOSUMDB|GOFLAGS|PIP_(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS)|UV_(DEFAULT_)?INDEX(_URL)?|CARGO_HOME|RUSTUP_(HOME|TOOLCHAIN|AUTO_INSTALL)|PYENV_ROOT|NX_STAGES_REGISTRY_MIRROR)$/i;

/** What a person sets to steer a test: how many rounds, which seed, where pictures go. Inputs of its target, in nx.json. */
export const KNOBS: readonly string[] = [
  'TEST_SEED',
  'TEST_DEADLINE_MS',
  'BUILD_ALL',
  'ENTRIES',
  'FUZZ_CASES',
  'FUZZ_SEED',
  'IMAGES',
  'LAYER_BYTES',
  'PICTURES',
  'ROUNDS',
  'RUNS',
  'SEED',
  'SHRINK',
  'UPLOADS',
];

/** The same on every machine. */
const FIXED = { TZ: 'UTC', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', NODE_ENV: 'test' };

/** A unit test that asks for an engine finds none. */
const NO_ENGINE = 'unix:///nonexistent/a-unit-test-has-no-engine.sock';

/** The seed of properties, fuzzing and killing, where nobody draws another one. */
export const FIXED_SEED = '20260101';

/**
 * The environment that a test run starts from: of `env` what this machine is, and nothing that its
 * user likes. Somebody's COMPOSE_PROJECT_NAME, NX_TUI, TZ or npm setting reaches no test.
 *
 * @param options `outside`: with the engine and the way to registries, which units have no need of
 */
export function knownEnvironment(
  env: NodeJS.ProcessEnv,
  { outside }: { outside: boolean },
): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      (MACHINE.test(entry[0]) || KNOBS.includes(entry[0]) || (outside && OUTSIDE.test(entry[0]))),
  );
  return { ...Object.fromEntries(kept), ...FIXED };
}

/** Makes it the environment of this process, and so of all that it starts. */
export function enterKnownEnvironment(options: { outside: boolean }): void {
  const known: Record<string, string> = {
    TEST_SEED: FIXED_SEED,
    ...(!options.outside && { DOCKER_HOST: NO_ENGINE }),
    ...knownEnvironment(process.env, options),
  };
  for (const name of Object.keys(process.env)) if (!(name in known)) delete process.env[name];
  Object.assign(process.env, known);
  process.umask(0o022);
}
