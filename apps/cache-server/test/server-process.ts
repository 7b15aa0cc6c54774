import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { teamConfig, type RawConfig, type TestTokens } from './test-server';

export interface ServerProcess {
  url: string;
  child: ChildProcess;
  configFile: string;
  config: RawConfig;
  tokens: TestTokens;
  output(): string;
  /** Ends it without a chance to tidy up. */
  kill(): Promise<void>;
}

/** The shipped command line in a process of its own; one folder may be served again after a kill. */
export async function serverProcess(
  folder: string,
  changes: Partial<RawConfig> = {},
  known: ReturnType<typeof teamConfig> = teamConfig(join(folder, 'data')),
  [node = process.execPath, ...flags]: readonly string[] = [],
): Promise<ServerProcess> {
  const config = { ...known.config, ...changes };
  const configFile = join(folder, 'cache.yaml');
  await writeFile(configFile, stringify(config));
  const args = [...flags, inject('mainFile'), 'serve', '--config', configFile];
  const child = spawn(node, args);
  let output = '';
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  const ended = once(child, 'close');
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      const url = /"url":"([^"]+)"/.exec(output)?.[1];
      if (url) resolve(url);
    });
    child.once('close', () => reject(new Error(`the server ended: ${output}`)));
  });
  return { url, child, configFile, config, tokens: known.tokens, output: () => output, kill };
}
