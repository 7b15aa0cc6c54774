// Takes 30 s.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { appendFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newStoreKey } from '../../src/encryption/key-ring';
import { chunkBytes, tagBytes } from '../../src/encryption/file-seal';
import { encodeFooter, tailBytes } from '../../src/entry/footer';
import { nxArchive } from '../archive';
import { serverProcess } from '../server-process';
import { temporaryFolder } from '../temporary-folder';
import { get, put, teamConfig } from '../test-server';

/** What somebody with the disk makes of two entries, given as their files; the first is then asked for. */
type Attempt = (own: string, other: string) => Promise<void>;

const sealedChunk = chunkBytes + tagBytes;
const change = async (file: string, by: (bytes: Buffer) => Buffer) =>
  writeFile(file, by(await readFile(file)));
const flipped = (at: (bytes: Buffer) => number) => (own: string) =>
  change(own, (bytes) => {
    bytes[at(bytes)]! ^= 1;
    return bytes;
  });
const footerAt = (bytes: Buffer) => bytes.length - tailBytes - bytes.readUInt32BE(bytes.length - 4);
const version = (number: number) => (own: string) =>
  change(own, (bytes) => {
    bytes.writeUInt32BE(number, bytes.length - 8);
    return bytes;
  });
/** The record as it lies there, which names the key and the salt, changed. */
const inRecord = (own: string, from: RegExp, to: string) =>
  change(own, (bytes) => {
    const at = footerAt(bytes);
    const json = bytes
      .subarray(at, bytes.length - tailBytes)
      .toString()
      .replace(from, to);
    const tail = Buffer.from(bytes.subarray(-tailBytes));
    tail.writeUInt32BE(json.length, 12);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(json), tail]);
  });
const saltOf = async (file: string) => /"salt":"([^"]+)"/.exec((await readFile(file)).toString('latin1'))![1]!; // prettier-ignore

const attempts: Record<string, Attempt> = {
  'two entries exchanged': async (own, other) => {
    const [one, two] = [await readFile(own), await readFile(other)];
    await writeFile(own, two);
    await writeFile(other, one);
  },
  'the content of another': async (own, other) => {
    const theirs = await readFile(other);
    await change(own, (bytes) => Buffer.concat([theirs.subarray(0, footerAt(theirs)), bytes.subarray(footerAt(bytes))])); // prettier-ignore
  },
  'the record of another': async (own, other) => {
    const theirs = await readFile(other);
    await change(own, (bytes) => Buffer.concat([bytes.subarray(0, footerAt(bytes)), theirs.subarray(footerAt(theirs))])); // prettier-ignore
  },
  'the salt of another': async (own, other) => inRecord(own, /"salt":"[^"]+"/, `"salt":"${await saltOf(other)}"`), // prettier-ignore
  'a key that nobody has': (own) => inRecord(own, /"keyId":"[^"]+"/, '"keyId":"0123456789abcdef"'),
  'a salt that is none': (own) => inRecord(own, /"salt":"[^"]+"/, '"salt":""'),
  'a record that is none': (own) => inRecord(own, /"record":"[^"]+"/, '"record":""'),
  'one byte less': (own) => change(own, (bytes) => bytes.subarray(0, -1)),
  'one byte more': (own) => change(own, (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])),
  'its last chunk gone': (own) =>
    change(own, (bytes) => {
      const at = footerAt(bytes);
      return Buffer.concat([bytes.subarray(0, at - (at % sealedChunk || sealedChunk)), bytes.subarray(at)]); // prettier-ignore
    }),
  'a chunk twice': (own) => change(own, (bytes) => Buffer.concat([bytes.subarray(0, sealedChunk), bytes])), // prettier-ignore
  'two chunks exchanged': (own) =>
    change(own, (bytes) => Buffer.concat([bytes.subarray(sealedChunk, 2 * sealedChunk), bytes.subarray(0, sealedChunk), bytes.subarray(2 * sealedChunk)])), // prettier-ignore
  'a bit of its content': flipped(() => 7),
  'a bit of its last chunk': flipped((bytes) => footerAt(bytes) - 1),
  'a bit of its record': flipped((bytes) => bytes.length - tailBytes - 40),
  'a bit of its magic word': flipped((bytes) => bytes.length - tailBytes),
  'called not sealed': version(1),
  'called zstd': version(4),
  'called of a kind to come': version(99),
  'a length of 4 GB': (own) =>
    change(own, (bytes) => {
      bytes.writeUInt32BE(0xffffffff, bytes.length - 4);
      return bytes;
    }),
  'one in the clear': async (own) => {
    const archive = await nxArchive({ 'dist/a': 'evil' });
    const record = { sizeBytes: archive.length, sha256: '', createdAtMs: 1, writer: 'x', outputs: [] }; // prettier-ignore
    record.sha256 = createHash('sha256').update(archive).digest('hex');
    const key = { scope: 'main', hash: own.split('/').at(-1)! };
    await writeFile(own, Buffer.concat([archive, encodeFooter(record, key, null)]));
  },
  'nothing in it': (own) => writeFile(own, ''),
  'zeros in it': (own) => writeFile(own, Buffer.alloc(100_000)),
  'a folder in its place': async (own) => {
    await rm(own);
    await mkdir(own);
  },
  // To open one waits for a writer: a few of them were all threads that open files.
  'a pipe in its place': async (own) => {
    await rm(own);
    execFileSync('mkfifo', [own]);
  },
  'a link to another file in its place': async (own) => {
    await rm(own);
    await symlink('/etc/passwd', own);
  },
  'a link to what never ends in its place': async (own) => {
    await rm(own);
    await symlink('/dev/zero', own);
  },
  'a link to another entry in its place': async (own, other) => {
    await rm(own);
    await symlink(other, own);
  },
};

it('who has the disk makes a sealed entry a miss, and never another one, nor does he stop the server', async () => {
  const folder = await temporaryFolder();
  const known = teamConfig(join(folder, 'data'));
  const encryption = { keys: [{ text: newStoreKey().text }] };
  const { tokens } = known;
  const first = await serverProcess(folder, { encryption }, known);
  const names = Object.keys(attempts);
  // Of a kind that is read at once, and of one that is read as it is sent.
  const sizes = [100_000, 400_000];
  const cases = names.flatMap((name, at) => sizes.map((size, kind) => ({ name, size, hash: `${at}x${kind}` }))); // prettier-ignore
  for (const { hash, size } of cases)
    for (const name of [hash, `${hash}-other`]) {
      const archive = await nxArchive({ 'dist/a': randomBytes(size) });
      expect((await put(first.url, tokens.main, name, archive)).status).toBe(200);
    }
  const crossed = await nxArchive({ 'dist/a': randomBytes(90_000) });
  for (const token of [tokens.main, tokens.pr1]) await put(first.url, token, 'crossed', crossed);
  await first.kill();
  const fileOf = (hash: string, scope = 'main') => join(folder, 'data/entries', scope, hash.slice(-2), hash); // prettier-ignore
  for (const { name, hash } of cases) await attempts[name]!(fileOf(hash), fileOf(`${hash}-other`));
  await writeFile(fileOf('crossed'), await readFile(fileOf('crossed', 'pr-1')));

  const again = await serverProcess(folder, { encryption }, known);
  const statuses = await Promise.all(
    cases.map(async ({ name, size, hash }) => {
      const answer = await get(again.url, tokens.main, hash);
      await answer.arrayBuffer();
      return `${name}, ${size}: ${answer.status}`;
    }),
  );
  expect(statuses.filter((text) => !text.endsWith(': 404'))).toEqual([]);
  expect((await get(again.url, tokens.main, 'crossed')).status).toBe(404);
  expect((await fetch(`${again.url}/ready`)).status).toBe(200);
  // Whoever makes it anew is served again.
  const fresh = await nxArchive({ 'dist/a': 'x' });
  for (const { name, hash } of cases.filter(({ name }) => !name.startsWith('a folder')))
    expect((await put(again.url, tokens.main, hash, fresh)).status, name).toBe(200);
}, 300_000);

it('who writes to the journal changes what is said of entries, and stops nothing', async () => {
  const folder = await temporaryFolder();
  const known = teamConfig(join(folder, 'data'));
  const encryption = { keys: [{ text: newStoreKey().text }] };
  const archive = await nxArchive({ 'dist/a': 'x' });
  let server = await serverProcess(folder, { encryption }, known);
  const { tokens } = known;
  expect((await put(server.url, tokens.main, '1', archive)).status).toBe(200);
  const journal = join(folder, 'data/journal.jsonl');
  await expect.poll(async () => (await readFile(journal, 'utf8')).length).toBeGreaterThan(0);
  const removed = JSON.stringify({ kind: 'removed', key: { scope: 'main', hash: '1' } });
  const planted = JSON.stringify({ kind: 'entry', entry: { key: { scope: 'main', hash: '2' }, sizeBytes: -1e15, outputs: [], writer: 'x' } }); // prettier-ignore
  const vandals: ((file: string) => Promise<unknown>)[] = [
    (file) => appendFile(file, `${removed}\n${planted}\n{"kind":"day"}\nnull\n[]\n"`),
    (file) => appendFile(file, `${'x'.repeat(5_000_000)}\n${'\0'.repeat(1_000)}`),
    async (file) => {
      const lines = await readFile(file, 'utf8');
      await writeFile(file, lines.repeat(50));
    },
    (file) => rm(file),
  ];
  for (const [at, vandal] of vandals.entries()) {
    await server.kill();
    await vandal(journal);
    server = await serverProcess(folder, { encryption }, known);
    expect((await get(server.url, tokens.main, '1')).status, `${at}`).toBe(200);
    expect((await get(server.url, tokens.main, '2')).status, `${at}`).toBe(404);
    const metrics = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${tokens.main}` } }); // prettier-ignore
    expect(await metrics.text(), `${at}`).toContain('excel2doc_cache_entries 1');
  }
  // A mark of a key that was never there ends the start in a line, and not in misses.
  await server.kill();
  await writeFile(join(folder, 'data/keys/0123456789abcdef'), '');
  await expect(serverProcess(folder, { encryption }, known)).rejects.toThrow(/key 0123456789abcdef, which is not under/); // prettier-ignore
}, 300_000);
