import { gunzipSync, gzipSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import { once } from 'node:events';

export interface TarEntry {
  name: string;
  type?: 'file' | 'directory' | 'symlink' | 'link' | 'character-device' | 'block-device' | 'fifo';
  linkname?: string;
  pax?: Record<string, string>;
  content?: string | Buffer;
}

/** What Nx itself adds: that the task went well, in four bytes, and what the terminal showed. */
export const ownEntries: TarEntry[] = [
  { name: 'terminalOutput', content: 'done' },
  { name: 'code', content: Buffer.alloc(4) },
];

/** A tar of these entries, made by a tar writer that is not ours. */
export async function tarOf(entries: TarEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content, ...headers } of entries) tar.entry(headers, content ?? '');
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What Nx uploads: the outputs by workspace path, the terminal's output and the exit code. */
export async function nxArchive(files: Record<string, string | Buffer>): Promise<Buffer> {
  const outputs = Object.entries(files).map(([name, content]) => ({ name, content }));
  return gzipSync(await tarOf([...outputs, ...ownEntries]), { level: 1 });
}

/** The files of an archive by name, read by a tar reader that is not ours. */
export async function contentsOf(archive: Buffer): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  const reader = extract();
  reader.on('entry', (header, stream, next) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk) => chunks.push(chunk as Buffer));
    stream.on('end', () => {
      contents.set(header.name, Buffer.concat(chunks));
      next();
    });
  });
  const finished = once(reader, 'finish');
  reader.end(gunzipSync(archive));
  await finished;
  return contents;
}

/** Whether two archives hold the same. What is stored was written anew, so its bytes may differ. */
export async function holdsSame(one: Buffer, other: Buffer): Promise<boolean> {
  const [left, right] = [await contentsOf(one), await contentsOf(other)];
  if (left.size !== right.size) return false;
  return [...left].every(([name, content]) => right.get(name)?.equals(content));
}
