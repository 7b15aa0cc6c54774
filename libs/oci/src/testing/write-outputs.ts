import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { assembleImage } from '../assemble/assemble-image';
import { layoutSource, readBaseImage } from '../layout/read';
import { thinImage } from '../thin/thin-image';

/** Run as a process of its own, until it is killed: `thin` or `assemble`, over and over, into <folder>/out. */
async function main(folder: string, what: string) {
  const platform = 'linux/amd64';
  const base = await readBaseImage(join(folder, 'base'), platform, 'base:1');
  for (let round = 0; ; round++) {
    // Every round another result, so that a mixture of two would show.
    const epochS = randomBytes(3).readUIntBE(0, 3);
    const options = { outputDir: join(folder, 'out'), platform, epochS };
    if (what === 'thin') {
      await thinImage({ ...options, layoutDir: join(folder, 'full'), base });
    } else {
      await assembleImage({
        ...options,
        parent: { ...base, source: layoutSource(join(folder, 'base')) },
        instructions: [{ kind: 'copy', sources: ['.'], destination: '/app', line: 1 }],
        context: { directory: join(folder, 'context'), files: [{ path: 'a' }, { path: 'b' }] },
        indexFolder: join(folder, 'indexes'),
      });
    }
    if (round === 0) process.stdout.write('ready\n');
  }
}

void main(process.argv[2]!, process.argv[3]!);
