import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesText, readTar, type TarItem } from '@excel2doc/oci';
import { sayUnsound, pathLines } from './fill-mounts';
import type { FileHere, KeptFile } from './kept-file';
import { bytesOf, within, withoutEmptyFolders } from './listing';
import { LARGE_BYTES, type MountBlobs } from './mount-blobs';
import type { MountHelper } from './mount-helper';
import { isWorthKeeping, paired, partnerOf } from './mount-kinds';
import type { Lying } from './mount-list';
import { countText, type OpenMount } from './open-mount';
import { MOST_BYTES, withoutValidators } from './pip-answer';
import { findUnsound, WRONG } from './soundness';

/** So that a listing is found for as long as builds go on, and caches see that its files are in use. */
const OLDEST_MS = 7 * 24 * 3600 * 1000;
/** Of small files. With more of them these are gathered anew: much in old ones is needed by nobody. */
const MOST_PACKS = 24;

interface Parts {
  helper: Pick<MountHelper, 'read'>;
  blobs: MountBlobs;
  budgetBytes: number;
  say: (line: string) => void;
}

/** Keeps what lies in a mount after a build and is worth it, as far as it was not kept. */
export async function harvestMount(
  { mount, store, known, seenMs }: OpenMount,
  all: readonly Lying[],
  { helper, blobs, budgetBytes, say }: Parts,
): Promise<void> {
  const { kind, target } = mount;
  const worth = paired(
    kind,
    all.filter(({ type, path }) => type === 'directory' || isWorthKeeping(kind, path)),
  );
  const fitting = paired(kind, withinBudget(worth, budgetBytes));
  const kept = keptAlready(fitting, known?.files ?? []);
  const lacking = fitting.filter(({ type, path }) => type !== 'directory' && !kept.has(path));
  const isOld = known !== undefined && Date.now() - known.atMs > OLDEST_MS;
  if (lacking.length === 0 && !isOld) return;
  // One half is checked by the other.
  const partners = new Set(lacking.map(({ path }) => partnerOf(kind, path)));
  const besides = fitting.filter(({ path }) => kept.has(path) && partners.has(path));
  const taken = await take(mount, [...lacking, ...besides], { helper, blobs });
  const folders = fitting
    .filter(({ type }) => type === 'directory')
    .map((file): KeptFile => ({ ...file, type: 'directory' }));
  const unsound = await findUnsound(kind, [...taken.values()], target);
  const isSound = ({ path }: KeptFile) => !unsound.has(path);
  const both = new Map<string, FileHere>([...taken, ...kept]);
  const sound = paired(kind, [...both.values()].filter(isSound));
  const fresh = sound.filter(({ path }) => !kept.has(path));
  if (fresh.length === 0 && !isOld) return;
  // A page that was asked for is left out each time, and is not worth a line.
  sayUnsound(mount, new Map([...unsound].filter(([, problem]) => problem === WRONG)), say);
  const plain = fresh.filter((file): file is FileHere & { type: 'file' } => file.type === 'file');
  const { files: sent, sentBytes } = await blobs.send(plain);
  const links = fresh.filter(({ type }) => type === 'symlink').map(({ at: _, ...link }) => link);
  const still = sound.filter(({ path }) => kept.has(path));
  const files = withoutEmptyFolders([...folders, ...still, ...links, ...sent]);
  const why = await store.add({ atMs: Date.now(), files }, budgetBytes, seenMs);
  const left = bytesOfLying(worth) - bytesOfLying(fitting);
  const over = left > 0 ? `; ${countText(worth.length - fitting.length, left)} are over the budget` : ''; // prettier-ignore
  const news = countText(fresh.length, bytesOf(fresh));
  say(
    why === undefined
      ? `cache mount ${target}: ${news} kept anew, ${bytesText(sentBytes)} sent${over}`
      : `! cache mount ${target}: ${news} not kept: ${why}`,
  );
}

/** The youngest that fit. */
function withinBudget(worth: readonly Lying[], budgetBytes: number): Lying[] {
  const asKept = worth.map((file) => ({ ...file, link: '', digest: '' }) as unknown as KeptFile);
  const paths = new Set(within(asKept, budgetBytes).map(({ path }) => path));
  return worth.filter(({ path }) => paths.has(path));
}

const bytesOfLying = (files: readonly Lying[]) =>
  files.reduce((sum, { type, sizeBytes }) => sum + (type === 'file' ? sizeBytes : 0), 0);

/** What was kept and lies there as it was: tools write a file once, so its time and length tell it. */
function keptAlready(fitting: readonly Lying[], known: readonly KeptFile[]): Map<string, KeptFile> {
  const there = new Map(fitting.map((file) => [file.path, file]));
  const packs = new Set(known.flatMap((file) => (file.type === 'file' ? (file.pack ?? []) : [])));
  const isGatheredAnew = packs.size > MOST_PACKS;
  const kept = new Map<string, KeptFile>();
  for (const file of known) {
    const lying = there.get(file.path);
    if (file.type === 'directory' || lying?.type !== file.type) continue;
    if (lying.mtimeS !== file.mtimeS) continue;
    if (file.type === 'file' && lying.sizeBytes !== file.sizeBytes) continue;
    if (isGatheredAnew && file.type === 'file' && file.sizeBytes < LARGE_BYTES) continue;
    kept.set(file.path, file);
  }
  return kept;
}

/** Reads files out of a mount. */
async function take(
  mount: OpenMount['mount'],
  wanted: readonly Lying[],
  { helper, blobs }: Pick<Parts, 'helper' | 'blobs'>,
): Promise<Map<string, FileHere>> {
  const byPath = new Map(wanted.map((file) => [file.path, file]));
  const taken = new Map<string, FileHere>();
  if (wanted.length === 0) return taken;
  await helper.read(
    'take',
    [mount],
    (folder) => writeFile(join(folder, '0.paths'), pathLines(wanted)),
    async ({ content }) => {
      for await (const item of readTar(content())) {
        const { entry } = item;
        const lying = byPath.get(entry.path);
        if (!lying) continue;
        const { path, mode, uid, gid, mtimeS } = lying;
        const named = { path, mode, uid, gid, mtimeS };
        if (entry.type === 'symlink' && lying.type === 'symlink')
          taken.set(path, { ...named, type: 'symlink', link: entry.linkPath ?? '' });
        // A file that was written on meanwhile is another by now: the next build keeps it.
        const isSame = entry.sizeBytes === lying.sizeBytes && entry.mtimeS === mtimeS;
        if (entry.type === 'file' && lying.type === 'file' && isSame)
          taken.set(path, { ...named, type: 'file', ...(await blobs.take(asKept(mount, item))) });
        const first = taken.get(entry.linkPath ?? '');
        if (entry.type === 'hardlink' && first?.type === 'file' && first.at !== undefined)
          taken.set(path, { ...first, ...named, at: await blobs.copy(first.at) });
      }
    },
  );
  return taken;
}

/** A file as it is kept, which is as it lies there but for what pip knows of an answer. */
function asKept({ kind }: OpenMount['mount'], item: TarItem): TarItem {
  const { path, sizeBytes } = item.entry;
  if (kind !== 'pip' || path.endsWith('.body') || sizeBytes > MOST_BYTES) return item;
  return {
    ...item,
    async *content() {
      const parts: Buffer[] = [];
      for await (const chunk of item.content()) parts.push(Buffer.from(chunk));
      yield withoutValidators(Buffer.concat(parts));
    },
  };
}
