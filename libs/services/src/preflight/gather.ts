import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { declaredSettings } from '@excel2doc/dockerfile';
import { type EngineChoice, locateEngine } from '@excel2doc/engine';
import { parse } from 'yaml';
import { demandedVariables } from '@excel2doc/stages';
import type { PreflightFacts, ServiceModel } from './model';

export interface PreflightSubject {
  workspaceRoot: string;
  files: string[];
  envFile?: string;
  dockerfile: string;
  /** Without a tag. */
  image: string;
  engine?: EngineChoice | undefined;
}

/**
 * What a configuration is, without its secrets: where the file with the values is not there, as in
 * CI, what the Compose files demand gets a stand-in that passes for a good secret.
 *
 * @throws EngineError when Compose refuses the files
 */
export async function gatherPreflight(subject: PreflightSubject): Promise<PreflightFacts> {
  const { workspaceRoot, files, envFile, dockerfile, image } = subject;
  const at = (path: string) => join(workspaceRoot, path);
  const texts = await Promise.all(files.map((file) => readFile(at(file), 'utf8')));
  const hasValues = envFile !== undefined && existsSync(at(envFile));
  const demanded = texts.flatMap(demandedVariables).map(({ name }) => [name, `stand-in-${name}`]);
  const engine = await locateEngine({ choice: subject.engine });
  const config = (await engine
    .compose({
      files: files.map(at),
      ...(hasValues ? { envFile: at(envFile) } : { variables: Object.fromEntries(demanded) }),
    })
    .config()) as { services: Record<string, ServiceModel> };
  const text = await readFile(at(dockerfile), 'utf8');
  const { user, healthcheck } = declaredSettings(text, { file: dockerfile });
  return {
    services: config.services,
    own: Object.entries(config.services)
      .filter(([, service]) => service.image?.replace(/[:@].*$/, '') === image)
      .map(([service]) => ({ service, user, healthcheck: healthcheck === 'set' })),
    written: texts.flatMap((text, index) => writtenValues(files[index] ?? '', text)),
    trackedSecrets: trackedSecrets(workspaceRoot),
    openSecrets: hasValues ? await openToOthers(workspaceRoot, envFile) : [],
  };
}

interface Written {
  services?: Record<string, { environment?: Record<string, unknown> | string[] } | null>;
}

/** Values of environment variables as a Compose file writes them. */
export function writtenValues(file: string, text: string): PreflightFacts['written'] {
  const model = parse(text, { merge: true, logLevel: 'error' }) as Written | null;
  return Object.entries(model?.services ?? {}).flatMap(([service, definition]) => {
    const environment = definition?.environment ?? {};
    const pairs = Array.isArray(environment)
      ? environment.map((each) => each.split(/=(.*)/s) as [string, string?])
      : Object.entries(environment);
    return pairs.map(([name, value]) => ({ file, service, name, value: String(value ?? '') }));
  });
}

const SECRET_FILE =
  /(^|\/)(\.env(\.(?!example|sample|template)\w+)?|.*\.(pem|key|p12|pfx)|id_(rsa|ed25519|ecdsa)|\.netrc|\.pypirc)$/;

/** @param path relative to the workspace */
async function openToOthers(workspaceRoot: string, path: string): Promise<string[]> {
  const { mode } = await stat(join(workspaceRoot, path));
  // Windows keeps its rights elsewhere, and always says 0666.
  if (process.platform === 'win32' || (mode & 0o077) === 0) return [];
  return [`${path} (0${(mode & 0o777).toString(8)})`];
}

/** Files that are named as secrets are, in git. */
function trackedSecrets(workspaceRoot: string): string[] {
  try {
    const args = ['ls-files', '-z'];
    const listed = execFileSync('git', args, {
      cwd: workspaceRoot,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return listed.split('\0').filter((path) => SECRET_FILE.test(path));
  } catch {
    return [];
  }
}
