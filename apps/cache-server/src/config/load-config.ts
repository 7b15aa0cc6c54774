import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { CacheError } from '../error';
import { checkAccess } from './check-access';
import { configSchema, type Config } from './config';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks a configuration file (YAML or JSON). `${NAME}` in a text is taken from the
 * environment; relative folders are relative to the file.
 *
 * @throws CacheError `CONFIG_INVALID`, naming the field
 */
export async function loadConfig(file: string, environment: Environment): Promise<Config> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CacheError('CONFIG_INVALID', { message: `cannot read ${file}`, cause });
  });
  let raw: unknown;
  try {
    raw = parseYaml(text);
  } catch (cause) {
    throw new CacheError('CONFIG_INVALID', { message: `${file} is no YAML or JSON`, cause });
  }
  return parseConfig(raw, environment, dirname(resolve(file)));
}

/** Checks a configuration value; `base` is what relative folders are relative to. */
export function parseConfig(raw: unknown, environment: Environment, base: string): Config {
  const parsed = configSchema.safeParse(fillIn(raw, environment));
  if (!parsed.success) {
    throw new CacheError('CONFIG_INVALID', { message: z.prettifyError(parsed.error) });
  }
  const config = withEnvironment(parsed.data, environment);
  checkAccess(config);
  return withAbsoluteFolders(config, base);
}

function fillIn(value: unknown, environment: Environment): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{(\w+)\}/g, (_, name: string) => {
      const found = environment[name];
      if (found === undefined) {
        throw new CacheError('CONFIG_INVALID', { message: `the environment has no ${name}` });
      }
      return found;
    });
  }
  if (Array.isArray(value)) return value.map((each) => fillIn(each, environment));
  if (value !== null && typeof value === 'object' && !(value instanceof Date)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, fillIn(each, environment)]),
    );
  }
  return value;
}

function withEnvironment(config: Config, environment: Environment): Config {
  const { EXCEL2DOC_CACHE_HOST: host, EXCEL2DOC_CACHE_PORT: port } = environment;
  const listen = {
    host: host ?? config.listen.host,
    port: port === undefined ? config.listen.port : Number(port),
  };
  if (!Number.isInteger(listen.port) || listen.port < 0 || listen.port > 65_535) {
    throw new CacheError('CONFIG_INVALID', { message: `EXCEL2DOC_CACHE_PORT is no port: ${port}` });
  }
  return { ...config, listen };
}

function withAbsoluteFolders(given: Config, base: string): Config {
  const keys = given.encryption.keys.map(({ file, text }) => {
    return file === undefined ? { text } : { text, file: resolve(base, file) };
  });
  const config = { ...given, encryption: { ...given.encryption, keys } };
  const { store } = config;
  const disk = store.kind === 'disk' ? store : store.kind === 'tiers' ? store.front : null;
  const directory = disk && resolve(base, disk.directory);
  const stateDirectory = directory ?? resolve(base, config.stateDirectory ?? './cache-state');
  if (!disk || !directory) return { ...config, stateDirectory };
  const placed = { ...disk, directory };
  return {
    ...config,
    stateDirectory,
    store: store.kind === 'tiers' ? { ...store, front: placed } : placed,
  };
}
