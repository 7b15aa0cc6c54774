import { describe, expect, it } from 'vitest';
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
