import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runningPid, stopDaemon } from './daemon';
import { type EngineFolder, engineFolder } from './folder';

describe('runningPid', () => {
  let home: string;
  let at: EngineFolder;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'daemon-'));
    at = engineFolder({ XDG_CACHE_HOME: home });
    await mkdir(at.run, { recursive: true });
  });
  afterEach(() => rm(home, { recursive: true }));

  it.each([
    ['no pid file', undefined],
    ['a garbled one', 'x'],
    ['an empty one', ''],
    ['the pid of a process that is not our daemon', String(process.pid)],
    ["init's pid", '1'],
  ])('finds no daemon with %s, and stops nothing', async (_, text) => {
    if (text !== undefined) await writeFile(at.pidFile, text);
    expect(await runningPid(at)).toBeUndefined();
    expect(await stopDaemon(at, [])).toBe(false);
  });
});
