import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileDigest } from './digest';
import { FileIndex } from './file-index';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'digest-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const digest = (path: string) =>
  fileDigest(path, 'a', lstatSync(path, { bigint: true }), new FileIndex());

describe('fileDigest', () => {
  it('is the SHA-256 of the content', () => {
    writeFileSync(join(folder, 'a'), 'abc');
    expect(digest(join(folder, 'a'))).toBe(
      'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('says so when a file changes while it is read', async () => {
    const path = join(folder, 'a');
    writeFileSync(path, '');
    truncateSync(path, 64 * 1024 * 1024);
    const script =
      "const fs=require('fs');for(;;){fs.appendFileSync(process.argv[1],'x');if(!globalThis.said){globalThis.said=1;fs.writeSync(1,'on')}}";
    const writer = spawn(process.execPath, ['-e', script, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(writer.stdout, 'data');
      expect(() => digest(path)).toThrow('a changed while it was read');
    } finally {
      writer.kill('SIGKILL');
      await once(writer, 'close');
    }
  });

  it('says so when a file is gone', () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'x');
    const stamp = lstatSync(path, { bigint: true });
    rmSync(path);
    expect(() => fileDigest(path, 'a', stamp, new FileIndex())).toThrow(
      'changed while it was read',
    );
  });
});
