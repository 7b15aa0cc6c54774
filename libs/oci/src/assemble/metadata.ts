import { formatDuration, quote, quoteList, quoteRune } from '@excel2doc/go-text';
import { OciError } from '../error';
import type { Healthcheck, ImageConfig, Platform, RunConfig } from '../image/types';
import { absolutePath } from './copy';
import type { Command, HealthcheckInstruction, Instruction } from './instruction';

export type MetadataInstruction = Exclude<
  Instruction,
  { kind: 'copy' | 'add' | 'run' | 'onbuild' | 'other' }
>;

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a stage FROM scratch starts with. */
export function emptyConfig(platform: Platform): ImageConfig {
  return {
    ...platform,
    config: { Env: [`PATH=${DEFAULT_PATH}`], WorkingDir: '/' },
    rootfs: { type: 'layers', diff_ids: [] },
    history: [],
  };
}

/** A config that instructions may change: the parent's, without its ONBUILD, and with a PATH. */
export function inheritedConfig(parent: ImageConfig): ImageConfig {
  const copy = structuredClone(parent);
  const config = (copy.config ??= {});
  delete config.OnBuild;
  const hasPath = config.Env?.some((entry) => entry.startsWith('PATH='));
  if (!hasPath) (config.Env ??= []).push(`PATH=${DEFAULT_PATH}`);
  return { ...copy, history: copy.history ?? [] };
}

/**
 * Applies an instruction that changes nothing but the config.
 *
 * @param cmdIsSet whether the stage has had a CMD: only an inherited one is undone by ENTRYPOINT
 * @returns what BuildKit writes into the history
 */
export function applyMetadata(
  image: ImageConfig,
  instruction: MetadataInstruction,
  cmdIsSet: boolean,
): string {
  const config = (image.config ??= {});
  switch (instruction.kind) {
    case 'env':
      for (const { key, value } of instruction.entries) setEnv(config, key, value);
      return ['ENV', ...instruction.entries.map(({ key, value }) => `${key}=${value}`)].join(' ');
    case 'label':
      for (const { key, value } of instruction.entries) (config.Labels ??= {})[key] = value;
      return ['LABEL', ...instruction.entries.map(({ key, value }) => `${key}=${value}`)].join(' ');
    case 'arg':
      return `ARG ${instruction.entries
        .map(({ key, value }) => (value === undefined ? key : `${key}=${value}`))
        .join(' ')}`;
    case 'workdir':
      config.WorkingDir = workingDirectory(config, instruction.path);
      return `WORKDIR ${config.WorkingDir}`;
    case 'user':
      config.User = instruction.user;
      return `USER ${instruction.user}`;
    case 'expose': {
      const ports = instruction.ports.flatMap(expandPorts);
      for (const port of ports) (config.ExposedPorts ??= {})[port] = {};
      return `EXPOSE map[${[...new Set(ports)]
        .sort()
        .map((port) => `${port}:{}`)
        .join(' ')}]`;
    }
    case 'cmd':
      config.Cmd = commandLine(config, instruction.command);
      config.ArgsEscaped = true;
      return `CMD ${quoteList(config.Cmd)}`;
    case 'entrypoint':
      config.Entrypoint = commandLine(config, instruction.command);
      if (!cmdIsSet) delete config.Cmd;
      return `ENTRYPOINT ${quoteList(config.Entrypoint)}`;
    case 'healthcheck':
      config.Healthcheck = healthcheck(instruction);
      return `HEALTHCHECK ${describeHealthcheck(config.Healthcheck)}`;
    case 'volume':
      for (const path of instruction.paths) (config.Volumes ??= {})[path] = {};
      return `VOLUME [${instruction.paths.join(' ')}]`;
    case 'stopsignal':
      config.StopSignal = instruction.signal;
      return `STOPSIGNAL ${instruction.signal}`;
    case 'shell':
      config.Shell = instruction.shell;
      return `SHELL [${instruction.shell.join(' ')}]`;
    case 'maintainer':
      image.author = instruction.name;
      return `MAINTAINER ${instruction.name}`;
  }
}

function workingDirectory(config: RunConfig, path: string): string {
  const absolute = absolutePath(config.WorkingDir || '/', path);
  return absolute.length > 1 ? absolute.replace(/\/$/, '') : absolute;
}

function setEnv(config: RunConfig, key: string, value: string): void {
  const env = (config.Env ??= []);
  const at = env.findIndex((entry) => entry.split('=')[0] === key);
  if (at >= 0) env[at] = `${key}=${value}`;
  else env.push(`${key}=${value}`);
}

function commandLine(config: RunConfig, command: Command): string[] {
  if (command.form === 'exec') return command.arguments;
  return [...(config.Shell?.length ? config.Shell : ['/bin/sh', '-c']), command.text];
}

/** `8000-8002/udp` -> three ports; tcp where nothing is said. */
function expandPorts(port: string): string[] {
  const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i.exec(port);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? first);
  if (!match || last < first || last > 65535) {
    throw new OciError('ASSEMBLY_FAILED', { message: `EXPOSE ${port}: not a port` });
  }
  const protocol = (match[3] ?? 'tcp').toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, at) => `${first + at}/${protocol}`);
}

function healthcheck(instruction: HealthcheckInstruction): Healthcheck {
  const { test, intervalNs, timeoutNs, startPeriodNs, startIntervalNs, retries } = instruction;
  return {
    Test: test,
    ...(intervalNs && { Interval: intervalNs }),
    ...(timeoutNs && { Timeout: timeoutNs }),
    ...(startPeriodNs && { StartPeriod: startPeriodNs }),
    ...(startIntervalNs && { StartInterval: startIntervalNs }),
    ...(retries && { Retries: retries }),
  };
}

/** Go's `%q` of the structure. */
function describeHealthcheck(check: Healthcheck): string {
  const times = [check.Interval, check.Timeout, check.StartPeriod, check.StartInterval];
  return `&{${quoteList(check.Test ?? [])} ${times
    .map((ns) => quote(formatDuration(ns ?? 0)))
    .join(' ')} ${quoteRune(check.Retries ?? 0)}}`;
}
