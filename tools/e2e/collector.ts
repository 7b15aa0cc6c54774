import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '@excel2doc/engine';
import { execa } from 'execa';
import { buildImage } from './image';

const sources = join(__dirname, 'collector');

/** Has Go build OpenTelemetry's collector from its modules, and an image of it. */
export async function provideCollector(engine: Engine, image: string): Promise<void> {
  const context = mkdtempSync(join(tmpdir(), 'collector-'));
  try {
    const output = join(context, 'otelcol-contrib');
    const go = ['build', '-C', sources, '-trimpath', '-ldflags=-s -w', '-o', output, '.'];
    await execa('go', go, { env: { CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' } });
    copyFileSync(join(sources, 'Dockerfile'), join(context, 'Dockerfile'));
    await buildImage(engine, image, context);
  } finally {
    rmSync(context, { recursive: true });
  }
}
