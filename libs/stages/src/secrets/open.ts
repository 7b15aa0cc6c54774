import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandOutput, EngineError, Redactor } from '@excel2doc/engine';
import type { DockerProject } from '../workspace/docker-project';
import { StagesError } from '../workspace/fault';
import { oncePerRun } from './once';
import type { Secret } from '../workspace/secret-source';
import { agentPaths, cacheHost, type Mounted, MOST_BYTES, type StageSecret } from './state';

/** A variable of a process holds no more; BuildKit is given a file for what is longer. */
const MOST_IN_VARIABLE = 100_000;
/** A person may have to unlock the manager first. */
const COMMAND_TIMEOUT_MS = 5 * 60_000;

/** What a build by BuildKit is given of secrets. */
export interface OpenedSecrets {
  secrets: string[];
  ssh: string[];
  secretVariables: Record<string, string>;
  redactor?: Redactor;
  hosts: string[];
  /** Takes away what lay on disk for it. */
  close(): Promise<void>;
}

/**
 * The values of the secrets that are there, as BuildKit takes them: none of them stands in an argument,
 * where every user of the machine would see it.
 *
 * @throws StagesError `SECRET_INVALID`; EngineError
 */
export async function openSecrets(
  project: DockerProject,
  stage: string,
  mounted: readonly Mounted[],
  inKey: readonly StageSecret[],
): Promise<OpenedSecrets> {
  const given = project.given(stage);
  const there = mounted.filter(({ lack }) => lack === undefined);
  const opened = { secrets: [] as string[], ssh: [] as string[], secretVariables: {} };
  const variables: Record<string, string> = opened.secretVariables;
  const values: Buffer[] = [];
  let folder: string | undefined;
  const close = async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const [at, { kind, id }] of there.entries()) {
      if (kind === 'ssh') {
        const paths = agentPaths(given.ssh.get(id)!, project) ?? [];
        opened.ssh.push(`${id}=${paths.map(checkedPath).join(',')}`);
        continue;
      }
      const secret = given.secrets.get(id)!;
      const value = await valueOf(secret, project);
      values.push(value);
      const name = `NX_STAGES_SECRET_${at}`;
      if (secret.source.kind === 'file')
        opened.secrets.push(fields({ id, src: secret.source.path }));
      else if (isVariable(value)) {
        variables[name] = value.toString();
        opened.secrets.push(fields({ id, env: name }));
      } else {
        // Only its owner may look into the folder.
        folder ??= await mkdtemp(join(tmpdir(), 'nx-stages-secrets-'));
        const path = join(folder, name);
        await writeFile(path, value, { mode: 0o600 });
        await chmod(path, 0o600);
        opened.secrets.push(fields({ id, src: path }));
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  const redactor = values.length > 0 && { redactor: new Redactor(values) };
  return { ...opened, ...redactor, hosts: cacheHost(mounted, inKey), close };
}

function isVariable(value: Buffer): boolean {
  if (value.length > MOST_IN_VARIABLE || value.includes(0)) return false;
  return Buffer.from(value.toString()).equals(value);
}

/** @throws StagesError `SECRET_INVALID`; EngineError */
async function valueOf({ id, source }: Secret, project: DockerProject): Promise<Buffer> {
  if (source.kind === 'env')
    return sized(id, Buffer.from(project.env[source.name] ?? ''), source.name);
  if (source.kind === 'file') return sized(id, await readSecretFile(id, source.path), source.path);
  const { command } = source;
  const cwd = project.root;
  const value = await oncePerRun(JSON.stringify([command, cwd]), () =>
    commandOutput({
      command,
      cwd,
      env: project.env,
      mostBytes: MOST_BYTES,
      timeoutMs: COMMAND_TIMEOUT_MS,
    }).catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
      const { code, message, hint } = error;
      throw new EngineError(code, { message: `secret ${id}: ${message}`, hint, cause: error });
    }),
  );
  const text = withoutNewline(value);
  if (text.length > 0) return text;
  throw invalid(id, 'its command printed nothing', 'Run it by itself to see what it wants');
}

/** A manager ends one line with a newline that is no part of it; a key of several lines needs its own. */
function withoutNewline(value: Buffer): Buffer {
  const text = value.toString('latin1');
  const [line] = /^[^\n]*(?=\r?\n$)/.exec(text) ?? [];
  return line === undefined
    ? value
    : value.subarray(0, line.endsWith('\r') ? line.length - 1 : line.length);
}

async function readSecretFile(id: string, path: string): Promise<Buffer> {
  const found = await stat(path);
  if (!found.isFile())
    throw invalid(id, `${path} is ${found.isDirectory() ? 'a folder' : 'no file'}`, 'Name a file');
  if (found.size > MOST_BYTES) return Buffer.alloc(found.size);
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as { code?: string };
    throw invalid(id, `${path} cannot be read (${code})`, 'Change its owner or mode');
  }
}

function sized(id: string, value: Buffer, from: string): Buffer {
  if (value.length <= MOST_BYTES) return value;
  throw invalid(
    id,
    `${from} has ${value.length} bytes, and BuildKit takes no more than ${MOST_BYTES}`,
    'Give what is needed of it',
  );
}

function invalid(id: string, what: string, hint: string): StagesError {
  return new StagesError('SECRET_INVALID', { message: `secret ${id}: ${what}`, hint });
}

function checkedPath(path: string): string {
  if (!path.includes(',')) return path;
  throw new StagesError('SECRET_INVALID', {
    message: `ssh: ${path}: docker buildx takes no path with a comma`,
    hint: 'Give it another name',
  });
}

/** One CSV record, as buildx reads it. */
function fields(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .map((field) => (/[",\s]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(',');
}
