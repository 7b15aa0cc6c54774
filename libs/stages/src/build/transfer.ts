import { bytesText } from '@excel2doc/oci';

/** Bytes that a task moved, as far as it says so. */
export interface Transfer {
  to: 'engine' | 'registry';
  bytes: number;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const SIZE = `([\\d.]+) (${UNITS.join('|')})`;

/** What docker-build prints about what it sent. `transferOf` reads it back. */
export function loadedText(how: 'present' | 'thin' | 'full', sentBytes: number): string {
  return how === 'present' ? 'was there already' : `${how} load, ${bytesText(sentBytes)} sent`;
}

/** The same where the engine was found to have the image, whichever it is by now. */
export function thereText(name: string): string {
  return `${name} is in the engine`;
}

/** The same for docker-push. */
export function pushedText(uploadedBytes: number, blobs: PushedBlobs): string {
  const { uploaded, mounted, present } = blobs;
  return `${uploaded} blobs sent (${bytesText(uploadedBytes)}), ${mounted} mounted, ${present} there already`;
}

export interface PushedBlobs {
  uploaded: number;
  mounted: number;
  present: number;
}

/** What a task's output says that it moved; several platforms add up. */
export function transferOf(terminalOutput: string): Transfer | undefined {
  const read = (pattern: string) =>
    [...terminalOutput.matchAll(new RegExp(pattern, 'g'))].map(([, value, unit]) =>
      Math.round(Number(value) * 1024 ** UNITS.indexOf(unit ?? 'B')),
    );
  const sum = (sizes: number[]) => sizes.reduce((total, bytes) => total + bytes, 0);
  const pushed = read(`\\d+ blobs sent \\(${SIZE}\\)`);
  if (pushed.length > 0) return { to: 'registry', bytes: sum(pushed) };
  const loaded = read(`\\((?:thin|full) load, ${SIZE} sent\\)`);
  if (loaded.length > 0) return { to: 'engine', bytes: sum(loaded) };
  const wasThere = /\(was there already\)| is in the engine$/m.test(terminalOutput);
  return wasThere ? { to: 'engine', bytes: 0 } : undefined;
}
