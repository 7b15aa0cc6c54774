import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import type { Engine } from '@excel2doc/engine';
import { readTar } from '@excel2doc/oci';

/** What an image is, apart from its times and from how its files are spread over layers. */
export interface ImageContent {
  /** Path -> type, mode, owner, and what is in it. */
  files: Record<string, string>;
  config: Record<string, unknown>;
}

export async function imageContent(engine: Engine, reference: string): Promise<ImageContent> {
  const { stdout } = await engine.command([
    'image',
    'inspect',
    '--format',
    '{{json .Config}}',
    reference,
  ]);
  const config = JSON.parse(stdout) as Record<string, unknown>;
  const created = await engine.command(['create', '--pull=never', reference, 'x']);
  const container = created.stdout.trim();
  try {
    return { files: await exportedFiles(engine, container), config };
  } finally {
    await engine.command(['rm', '--volumes', container]);
  }
}

async function exportedFiles(engine: Engine, container: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const sink = new PassThrough();
  const exporting = engine.command(['export', container], { sink });
  for await (const { entry, content } of readTar(sink)) {
    const hash = createHash('sha256');
    for await (const chunk of content()) hash.update(chunk);
    const { type, mode, uid, gid, linkPath = '' } = entry;
    files[entry.path] = [type, mode.toString(8), uid, gid, linkPath, hash.digest('hex')].join(' ');
  }
  await exporting;
  return files;
}
