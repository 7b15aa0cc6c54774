// Takes 120 s.
import { join } from 'node:path';
import { type Engine, locateEngine, readBases } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { workspaceRoot } from '../workspace';

/** By the Dockerfile as it stands, without us. */
const plain = 'excel2doc-e2e/backend-by-buildkit:test';
const ours = `excel2doc/backend:${process.env['NX_STAGES_TAG'] ?? 'dev'}`;

let engine: Engine;

beforeAll(async () => {
  engine = await locateEngine();
  const bases = Object.values((await readBases())?.platforms[engine.platform] ?? {});
  const contextDir = join(workspaceRoot, 'apps/backend');
  await engine.build({
    dockerfile: join(contextDir, 'Dockerfile'),
    contextDir,
    target: 'runner',
    namedContexts: Object.fromEntries(bases.map((base) => [base.reference, base.namedContext])),
    output: { kind: 'load', tags: [plain] },
    showProgress: false,
  });
}, 1800_000);

afterAll(() => engine.removeImage(plain));

/** A line a file: what a program in the container can see of it, but for its times. */
const LIST = `
import hashlib, os, stat
for folder, folders, files in os.walk('/'):
    folders[:] = [n for n in folders if os.path.join(folder, n) not in ('/proc', '/sys', '/dev')]
    for name in folders + files:
        path = os.path.join(folder, name)
        if path in ('/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/.dockerenv'):
            continue
        s = os.lstat(path)
        content = ''
        if stat.S_ISLNK(s.st_mode):
            content = os.readlink(path)
        elif stat.S_ISREG(s.st_mode):
            content = hashlib.sha256(open(path, 'rb').read()).hexdigest()
        attributes = [(a, os.getxattr(path, a, follow_symlinks=False)) for a in os.listxattr(path, follow_symlinks=False)]
        links = s.st_nlink if stat.S_ISREG(s.st_mode) else 0
        print(path, oct(s.st_mode), s.st_uid, s.st_gid, links, content, attributes)
`;

async function filesOf(image: string): Promise<string[]> {
  const { stdout } = await engine.run({
    image,
    entrypoint: 'python3',
    command: ['-B', '-c', LIST],
    user: '0',
    network: 'none',
  });
  return stdout.trim().split('\n').sort();
}

async function configOf(image: string): Promise<Record<string, unknown>> {
  const { stdout } = await engine.command([
    'image',
    'inspect',
    '--format',
    '{{json .Config}}',
    image,
  ]);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('the backend’s image is what BuildKit makes of its Dockerfile: files, modes, owners, config', async () => {
  const [theirs, found] = [await filesOf(plain), await filesOf(ours)];
  expect(theirs.length).toBeGreaterThan(1000);
  const [lines, others] = [new Set(theirs), new Set(found)];
  expect({
    missing: theirs.filter((line) => !others.has(line)),
    added: found.filter((line) => !lines.has(line)),
  }).toEqual({ missing: [], added: [] });
  expect(await configOf(ours)).toEqual(await configOf(plain));
}, 600_000);
