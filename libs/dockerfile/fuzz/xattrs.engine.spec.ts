import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findEngine } from './engine';

// Node has no call for them.
const setAll = `
import os, struct
os.setxattr('a', 'user.note', b'x')
os.setxattr('d', 'user.note', b'x')
os.setxattr('a', 'security.capability', struct.pack('<IIIII', 0x02000001, 1 << 10, 0, 0, 0))
`;

it('extended attributes of the context reach no layer, so no key needs them', ({ skip }) => {
  const engine = findEngine();
  const root = mkdtempSync(join(tmpdir(), 'xattrs-'));
  try {
    const context = join(root, 'context');
    mkdirSync(join(context, 'd'), { recursive: true });
    writeFileSync(join(context, 'a'), 'a');
    const { status } = spawnSync('python3', ['-c', setAll], { cwd: context });
    skip(status !== 0, 'nothing here can set extended attributes');
    writeFileSync(join(root, 'Dockerfile'), 'FROM scratch\nCOPY . /x/\nCOPY a /y/\n');
    const output = join(root, 'image.tar');
    execFileSync(
      engine.docker,
      [
        ...['buildx', 'build', '--provenance=false', '--no-cache', '--quiet'],
        ...['--output', `type=oci,dest=${output},compression=uncompressed,force-compression=true`],
        ...['--file', join(root, 'Dockerfile'), context],
      ],
      { env: engine.env, stdio: 'pipe' },
    );
    const image = readFileSync(output);
    // The layers lie in it as they are.
    expect(image.includes('y/a')).toBe(true);
    expect(image.includes('SCHILY.xattr')).toBe(false);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}, 60_000);
