import type * as fs from 'node:fs';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type * as projects from '../workspace/docker-project';
import type * as planning from './make';

/**
 * A file system that finds names in any case and any normal form, as those of macOS and Windows do:
 * there is none to mount on the machines that run this.
 */
const disk = vi.hoisted(() => ({ isLenient: true }));
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const found = (path: string): string => {
    if (!disk.isLenient || dirname(path) === path) return path;
    const folder = found(dirname(path));
    const name = basename(path);
    const plain = (text: string) => text.normalize('NFC').toLowerCase();
    try {
      const names = real.readdirSync(folder);
      if (names.includes(name)) return join(folder, name);
      return join(folder, names.find((each) => plain(each) === plain(name)) ?? name);
    } catch {
      return path;
    }
  };
  const lenient =
    (action: (...args: never[]) => unknown) =>
    (path: unknown, ...rest: never[]) =>
      action((typeof path === 'string' ? found(path) : path) as never, ...rest);
  const { lstatSync, statSync, readFileSync, openSync, readdirSync } = real;
  return {
    ...real,
    lstatSync: lenient(lstatSync),
    statSync: lenient(statSync),
    readFileSync: lenient(readFileSync),
    openSync: lenient(openSync),
    readdirSync: lenient(readdirSync as (...args: never[]) => unknown),
  };
});

// What other specs have loaded has the real one.
let modules: typeof planning & typeof projects;
beforeAll(async () => {
  vi.resetModules();
  modules = { ...(await import('./make.js')), ...(await import('../workspace/docker-project.js')) };
});
afterAll(() => void vi.resetModules());

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'spelling-'));
  mkdirSync(join(root, 'app/sources'), { recursive: true });
  writeFileSync(join(root, 'app/sources/caf\u00e9.txt'), 'coffee');
});
afterEach(() => {
  disk.isLenient = true;
  rmSync(root, { recursive: true });
});

const plans = async (copy: string) => {
  writeFileSync(join(root, 'app/Dockerfile'), `FROM scratch\nCOPY ${copy} /\n`);
  const options = { dockerfile: 'app/Dockerfile', context: 'app', lockFile: 'lock.json' };
  const project = new modules.DockerProject({ root, name: 'app', folder: 'app' }, options);
  return modules.makePlans(project);
};

test.each([
  ['Sources', 'Sources is sources'],
  ['sources/CAF\u00c9.txt', 'sources/CAF\u00c9.txt is sources/caf\u00e9.txt'],
  ['sources/cafe\u0301.txt', 'sources/cafe\u0301.txt is sources/caf\u00e9.txt'],
])('%s is refused where the file system finds it, with its right name', async (copy, said) => {
  await expect(plans(copy)).rejects.toThrow(`app/Dockerfile: ${said} in the build context`);
});

test.each(['sources', 'sources/caf\u00e9.txt', 'sources/*.txt', '.'])(
  '%s has the plan that a strict file system gives',
  async (copy) => {
    const { plans: lenient } = await plans(copy);
    disk.isLenient = false;
    expect((await plans(copy)).plans).toEqual(lenient);
  },
);
