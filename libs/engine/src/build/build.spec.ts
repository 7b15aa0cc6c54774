import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { build, type Builder } from './build';
import { buildArguments } from './options';

describe('buildArguments', () => {
  it('passes everything on, and never attests', () => {
    expect(
      buildArguments({
        dockerfile: 'app/Dockerfile',
        contextDir: 'app',
        target: 'runner',
        platform: 'linux/arm64',
        buildArgs: { VERSION: '1' },
        namedContexts: { deps: 'oci-layout:///l:t@sha256:0' },
        labels: { a: 'b' },
        secrets: ['id=token,env=TOKEN'],
        ssh: ['default'],
        noCache: true,
        output: { kind: 'load', tags: [] },
      }).join(' '),
    ).toBe(
      'build --progress=plain --provenance=false --file app/Dockerfile' +
        ' --target runner --platform linux/arm64 --build-arg VERSION=1' +
        ' --build-context deps=oci-layout:///l:t@sha256:0 --label a=b' +
        ' --secret id=token,env=TOKEN --ssh default --no-cache',
    );
  });
});

describe('a layout', () => {
  /** What a client is asked to put out, where an engine or a builder is to make a layout. */
  async function askedFor(store: Builder['store'], builder?: string): Promise<string> {
    const asked: string[] = [];
    const buildxCommand = (args: string[]) => {
      asked.push(...args);
      return Promise.reject(new Error('it was asked'));
    };
    const output = { kind: 'oci-layout' as const, dir: join(tmpdir(), `layout-${process.pid}`) };
    const options = { dockerfile: 'd', contextDir: '.', ...(builder && { builder }), output };
    const building = build({ store, buildxCommand } as unknown as Builder, options);
    await expect(building).rejects.toThrow('it was asked');
    return asked.includes('--load') ? 'image' : asked[asked.indexOf('--output') + 1]!;
  }

  it('comes from a builder whatever the engine’s store, and by way of an image from a classic one', async () => {
    expect(await askedFor('containerd')).toMatch(/^type=oci.*,compression=uncompressed$/);
    expect(await askedFor('containerd', 'default')).toMatch(/,compression=uncompressed$/);
    expect(await askedFor('containerd', 'far')).not.toContain('compression');
    expect(await askedFor('classic', 'far')).toMatch(/^type=oci/);
    expect(await askedFor('classic')).toBe('image');
    expect(await askedFor('classic', 'default')).toBe('image');
  });
});
