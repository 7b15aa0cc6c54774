import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { findRustTar } from '../tools/rust-tar.mjs';
import { NameBudget } from '../src/archive/entry-names';
import { Normaliser } from '../src/archive/normaliser';
import { TarReader } from '../src/archive/tar-reader';
import type { TarHeader } from '../src/archive/tar-header';
import { generatedArchives } from './generated-archives';
import { temporaryFolder } from './temporary-folder';

const rustTar = findRustTar({ install: false });
const noRust = rustTar ? '' : ' (skipped: nx run cache-server:test-tools builds it with cargo)';
const limits = { maxBytes: 1e7, maxUnpackedBytes: 1e7, maxEntries: 100, maxRatio: 1000 };
/** More for a longer look; the seed is fixed, so that a run says the same each time. */
const runs = Number(process.env.RUNS ?? 4_000);

/** What one archive holds, as text: each entry's type, path, target, size and checksum. */
type Listing = string[];

/** What the archive holds to our reader, or null when it is refused; and what is kept of it. */
async function ours(packed: Buffer): Promise<{ listing: Listing; written: Buffer } | null> {
  const parts: Buffer[] = [];
  const normaliser = new Normaliser(limits, new NameBudget(1e7), (part) =>
    parts.push(Buffer.from(part)),
  );
  try {
    await normaliser.write(packed);
    await normaliser.end();
  } catch {
    return null;
  } finally {
    normaliser.release();
  }
  const listing: Listing = [];
  let current: TarHeader | null = null;
  let crc = 0;
  const reader = new TarReader({
    entry: (header) => {
      current = header;
      crc = 0;
    },
    content: (part) => (crc = crc32(part, crc)),
    entryEnd: () => listing.push(line(current!, current!.sizeBytes, crc)),
  });
  reader.push(gunzipSync(packed));
  reader.end();
  return { listing, written: Buffer.concat(parts) };
}

function line({ type, path, linkPath }: TarHeader, sizeBytes: number, crc: number): string {
  const plain = type === '5' ? path.replace(/\/$/, '') : path;
  return [type, plain, type === '2' ? linkPath : '', sizeBytes, crc].join('|');
}

/** What each archive holds to Rust's tar crate; null where it stops with an error. */
function rusts(files: string[]): (Listing | null)[] {
  const input = `${files.join('\n')}\n`;
  const output = execFileSync(rustTar!, { input, encoding: 'utf8', maxBuffer: 1e9 });
  return output
    .trimEnd()
    .split('\n')
    .map((text) => {
      const [verdict, ...entries] = text.split(' ').filter(Boolean);
      if (verdict !== 'ok') return null;
      return entries.map((each) => {
        const [type = '', path = '', link = '', size = '', , crc = ''] = each.split(':');
        const code = Number(type);
        const header = {
          type: code === 0 ? '0' : String.fromCharCode(code),
          path: Buffer.from(path, 'hex').toString(),
          linkPath: Buffer.from(link, 'hex').toString(),
          sizeBytes: 0,
          mode: 0,
        };
        return line(header, Number(size), Number(crc));
      });
    });
}

it.skipIf(!rustTar && !process.env.CI)(
  `what we let through, Rust's tar reads entry by entry as we do, before and after${noRust}`,
  { timeout: 300_000 },
  async () => {
    expect(rustTar, 'cargo is needed').not.toBeNull();
    const folder = await temporaryFolder();
    mkdirSync(join(folder, 'in'));
    const samples = generatedArchives(runs, 20_261_127);
    const taken: { given: string; kept: string; listing: Listing }[] = [];
    for (const [at, packed] of samples.entries()) {
      const read = await ours(packed);
      if (!read) continue;
      const [given, kept] = [join(folder, `in/${at}`), join(folder, `in/${at}-kept`)];
      writeFileSync(given, packed);
      writeFileSync(kept, read.written);
      taken.push({ given, kept, listing: read.listing });
    }
    const before = rusts(taken.map(({ given }) => given));
    const after = rusts(taken.map(({ kept }) => kept));
    for (const [at, { listing }] of taken.entries()) {
      expect(before[at]).toEqual(listing);
      expect(after[at]).toEqual(listing);
    }
    // It says something only where both happen often, and where names come from records too.
    expect(taken.length).toBeGreaterThan(runs / 20);
    expect(taken.length).toBeLessThan(runs);
    const long = taken.filter(({ listing }) => listing.some((each) => each.length > 110));
    expect(long.length).toBeGreaterThan(runs / 200);
  },
);
