import { execFileSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import { nodeWithZstd } from '../tools/newer-node.mjs';

/** Packs, or unpacks, in one go by a Node that can: what runs the tests may be older. */
function ask(script: string, input: Buffer): Buffer {
  const program = `const z = require('node:zlib'), c = z.constants; process.stdout.write(${script});`;
  const maxBuffer = 2 ** 28;
  return execFileSync(nodeWithZstd(), ['-e', program], { input, maxBuffer });
}

const given = `require('node:fs').readFileSync(0)`;

/** As the edge packs: a checksum, a window of 512 KiB. `more` are other parameters, by name. */
export function zstdOf(tar: Buffer, more: Record<string, number> = {}): Buffer {
  const params = Object.entries({ ZSTD_c_checksumFlag: 1, ZSTD_c_windowLog: 19, ...more });
  const list = params.map(([name, value]) => `[c.${name}]: ${value}`).join(', ');
  // Without its length in the header, as a stream is packed.
  const options = `{ params: { ${list}, [c.ZSTD_c_contentSizeFlag]: 0 } }`;
  return ask(`z.zstdCompressSync(${given}, ${options})`, tar);
}

export const unzstd = (frame: Buffer): Buffer => ask(`z.zstdDecompressSync(${given})`, frame);

/** What a server gave as gzip, packed as zstd: it is in the plain form. */
export const asZstd = (archive: Buffer): Buffer => zstdOf(gunzipSync(archive));

/** A frame of one block that says the same byte 131,072 times, as often as that: 4 bytes each. */
export function bomb(blocks: number): Buffer {
  // No checksum would be looked at before all of it is unpacked.
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x48]);
  const block = (isLast: boolean) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUIntLE((131_072 << 3) | (1 << 1) | Number(isLast), 0, 3);
    return bytes;
  };
  const all = Array.from({ length: blocks }, (_, at) => block(at === blocks - 1));
  return Buffer.concat([header, ...all, Buffer.alloc(4)]);
}
