import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

export interface TarEntry {
  name: string;
  type?: 'file' | 'directory' | 'symlink' | 'link' | 'character-device' | 'block-device' | 'fifo';
  linkname?: string;
  pax?: Record<string, string>;
  content?: string | Buffer;
}

/** A tar of these entries, made by a tar writer that is not ours. */
export async function tarOf(entries: TarEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content, ...headers } of entries) tar.entry(headers, content ?? '');
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What Nx uploads: the exit code, what the terminal showed, and the outputs by workspace path. */
export async function nxArchive(files: Record<string, string | Buffer>): Promise<Buffer> {
  const outputs = Object.entries(files).map(([name, content]) => ({ name, content }));
  const parts = [
    { name: 'code', content: '0' },
    { name: 'terminalOutput', content: 'done' },
    ...outputs,
  ];
  return gzipSync(await tarOf(parts), { level: 1 });
}
