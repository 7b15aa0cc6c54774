import { existsSync } from 'node:fs';
import { readFile, readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { performance } from 'node:perf_hooks';
import {
  type Engine,
  type EngineChoice,
  type PodmanInfo,
  locateEngine,
  readBases,
} from '@excel2doc/engine';
import { DockerfileError, type StagePlanFile, declaredSettings } from '@excel2doc/dockerfile';
import { projectContainers } from '../compose/container';
import { isFree } from '../compose/ports';
import type { ComposeConfig } from '../compose/project';
import {
  type Builders,
  demandedVariables,
  planFolder,
  readLastBuild,
  stageFolder,
} from '@excel2doc/stages';
import type { Facts } from './facts';
import { foreignPlatforms } from './platforms';
import { stagesOf } from './stages-of';

export interface Subject {
  workspaceRoot: string;
  projectRoot: string;
  files: string[];
  envFile?: string;
  project?: string;
  service: string;
  dockerfile: string;
  context: string;
  builders?: Builders;
  engine?: EngineChoice | undefined;
}

/** Looks at everything; what cannot be looked at counts as not there, it never throws. */
export async function gatherFacts(subject: Subject, env: NodeJS.ProcessEnv): Promise<Facts> {
  const at = (path: string) => join(subject.workspaceRoot, path);
  const text = (path: string) => readFile(at(path), 'utf8').catch(() => undefined);
  const engine = await locateEngine({ env, choice: subject.engine }).catch(
    (error: Error & { code: string }) => error,
  );
  const values = { ...parseEnv((subject.envFile && (await text(subject.envFile))) || ''), ...env };
  const config = 'command' in engine ? await configOf(engine, subject) : undefined;
  const dockerfile = await text(subject.dockerfile);
  const service = config?.services[subject.service];
  const containers =
    'command' in engine && config
      ? await projectContainers(engine, config.name).catch(() => [])
      : [];
  const own = new Set(containers.flatMap(({ ports }) => ports.map(({ published }) => published)));
  const bases = await readBases(env).catch(() => undefined);
  const certificates = await readdir('/usr/local/share/ca-certificates').catch((): string[] => []);
  const texts = await Promise.all(
    subject.files.map(async (file) => [file, await text(file)] as const),
  );
  return {
    engine:
      'command' in engine
        ? await engineFacts(engine)
        : { answers: false, code: engine.code, message: engine.message },
    platforms: Object.entries(config?.services ?? {}).flatMap(([name, { platform }]) =>
      platform ? [{ service: name, platform }] : [],
    ),
    foreignPlatforms:
      'command' in engine
        ? await foreignPlatforms(engine, at(planFolder(subject.projectRoot)), subject.builders)
        : [],
    ports: await portFacts(config, own),
    registry: bases?.registry,
    indexes: await askIndexes(dockerfile, env),
    proxy: proxyOf(env),
    extraCertificates: certificates.filter((name) => name.endsWith('.crt')),
    // Stand-ins carry this machine's certificates.
    certificatesInBuild: Object.values(bases?.platforms ?? {}).some((each) =>
      Object.values(each).some(({ standIn }) => standIn),
    ),
    missingVariables: texts.flatMap(([file, content = '']) =>
      demandedVariables(content)
        .filter(({ name }) => !values[name])
        .map((each) => ({ ...each, file })),
    ),
    dockerfile:
      dockerfile === undefined ? undefined : { path: subject.dockerfile, text: dockerfile },
    hasDockerignore: existsSync(at(join(subject.context, '.dockerignore'))),
    contextBytes: await folderBytes(at(subject.context)),
    planProblems: await planProblems(at(planFolder(subject.projectRoot))),
    lastBuilds: await lastBuilds(subject, dockerfile),
    publishedTargets: (service?.ports ?? []).flatMap(({ target }) => (target ? [target] : [])),
    exposedPorts: exposedPorts(subject.dockerfile, dockerfile),
    containers,
  };
}

async function configOf(engine: Engine, subject: Subject): Promise<ComposeConfig | undefined> {
  const { workspaceRoot, files, envFile, project } = subject;
  const values =
    envFile && existsSync(join(workspaceRoot, envFile)) && join(workspaceRoot, envFile);
  const compose = engine.compose({
    files: files.map((file) => join(workspaceRoot, file)),
    ...(values && { envFile: values }),
    ...(project && { project }),
  });
  return compose.config().then(
    (config) => config as unknown as ComposeConfig,
    () => undefined,
  );
}

async function engineFacts(engine: Engine): Promise<Facts['engine']> {
  if (engine.kind === 'podman') return podmanFacts(engine);
  const before = Date.now();
  const { stdout } = await engine.command(['info', '--format', '{{json .}}']);
  const elapsedMs = Date.now() - before;
  const info = JSON.parse(stdout) as {
    MemTotal: number;
    DockerRootDir: string;
    SystemTime: string;
  };
  const disk = await statfs(info.DockerRootDir).catch(() => undefined);
  return {
    answers: true,
    title: engine.title,
    platform: engine.platform,
    memoryBytes: info.MemTotal,
    diskFreeBytes: disk && disk.bavail * disk.bsize,
    // Its answer is as old as half of the way.
    clockSkewMs: Date.parse(info.SystemTime) - (before + elapsedMs / 2),
  };
}

/** It runs on this machine, and so by its clock. */
async function podmanFacts(engine: Engine): Promise<Facts['engine']> {
  const { stdout } = await engine.command(['info', '--format', 'json']);
  const { host, store } = JSON.parse(stdout) as PodmanInfo;
  const disk = await statfs(store.graphRoot).catch(() => undefined);
  return {
    answers: true,
    title: engine.title,
    platform: engine.platform,
    memoryBytes: host.memTotal,
    diskFreeBytes: disk && disk.bavail * disk.bsize,
    clockSkewMs: 0,
  };
}

async function portFacts(
  config: ComposeConfig | undefined,
  own: Set<number>,
): Promise<Facts['ports']> {
  const ports: Facts['ports'] = [];
  for (const [service, { ports: published }] of Object.entries(config?.services ?? {})) {
    for (const { host_ip: host = '0.0.0.0', published: port } of published ?? []) {
      if (!port) continue;
      const free = own.has(Number(port)) || (await isFree(host, Number(port)));
      ports.push({ service, port: Number(port), free });
    }
  }
  return ports;
}

/** Only an index that somebody chose can be wrong: pip's own default needs no check of its own. */
async function askIndexes(
  dockerfile: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Facts['indexes']> {
  const url = env['PIP_INDEX_URL'];
  return url && /\bpip\b/.test(dockerfile ?? '') ? [await askIndex(url.replace(/\/$/, ''))] : [];
}

async function askIndex(url: string): Promise<Facts['indexes'][number]> {
  const start = performance.now();
  // A name in it may be a password.
  const shown = url.replace(/\/\/[^@/]*@/, '//');
  try {
    const response = await fetch(`${url}/pip/`, { signal: AbortSignal.timeout(10_000) });
    await response.body?.cancel();
    if (response.status >= 500) throw new Error(`HTTP ${response.status}`);
    return { url: shown, elapsedMs: Math.round(performance.now() - start), error: undefined };
  } catch (error) {
    const { cause, message } = error as Error & { cause?: Error };
    return { url: shown, elapsedMs: undefined, error: cause?.message || message };
  }
}

/** Those of the last stage; none where it is no Dockerfile: the build says what is wrong with it. */
function exposedPorts(file: string, text = ''): number[] {
  try {
    const { ports } = declaredSettings(text, { file });
    return ports.flatMap(({ port, protocol }) => (protocol === 'tcp' ? port : []));
  } catch (error) {
    if (error instanceof DockerfileError) return [];
    throw error;
  }
}

function proxyOf(env: NodeJS.ProcessEnv): Facts['proxy'] {
  const variable = ['HTTPS_PROXY', 'https_proxy'].find((name) => env[name]);
  return variable ? { variable, value: env[variable] ?? '' } : undefined;
}

async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true }).catch((): string[] => []);
  let bytes = 0;
  for (const entry of entries) {
    const file = await stat(join(folder, entry)).catch(() => undefined);
    if (file?.isFile()) bytes += file.size;
  }
  return bytes;
}

async function lastBuilds(
  { workspaceRoot, projectRoot, dockerfile }: Subject,
  text: string | undefined,
): Promise<Facts['lastBuilds']> {
  const found: Facts['lastBuilds'] = {};
  for (const { name } of text === undefined ? [] : stagesOf({ path: dockerfile, text }))
    found[name] = await readLastBuild(join(workspaceRoot, stageFolder(projectRoot, name)));
  return found;
}

async function planProblems(folder: string): Promise<Facts['planProblems']> {
  const names = await readdir(folder).catch((): string[] => []);
  const problems: Facts['planProblems'] = [];
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const plan = JSON.parse(await readFile(join(folder, name), 'utf8')) as StagePlanFile;
    const [first] = plan.platforms;
    for (const each of first?.uncacheable ?? [])
      problems.push({ stage: plan.stage, kind: 'uncacheable', ...each });
    for (const each of first?.wholeContext ?? [])
      problems.push({ stage: plan.stage, kind: 'whole-context', ...each });
  }
  return problems;
}
