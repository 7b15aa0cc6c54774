import { open } from 'node:fs/promises';
import { sealedBytes, sealWhole, type FileSeal } from '../encryption/file-seal';
import type { EntryFile as PlacedFile, WrittenArchive } from '../intake/archive-messages';
import { PlainFile, SealedFile, type EntryFile } from '../transfer/entry-file';
import { removeIfThere, SpoolFile, writeSmallFile } from './spool-file';

/** A body that has arrived whole, was found to be good, and was written anew from what it held. */
export interface Spooled extends WrittenArchive {
  /** All of it when it is small, and then nothing is on the disk yet; else an open file. */
  content: Buffer | EntryFile;
  /** What its file is sealed with, if it is. */
  seal: FileSeal | null;
  /**
   * The path of a file of the body and `tail`, on the disk when this resolves.
   *
   * @throws CacheError `DISK_FULL`
   */
  persist(tail: Buffer): Promise<string>;
  /** Closes and removes the file, if there is one; to be called once, whatever happened. */
  discard(): Promise<void>;
}

/** The same of an entry, as a file with its record behind it that is in its place, or could not be put there. */
export interface SpooledEntry extends PlacedFile {
  /** Where it was written. */
  path: string;
  seal: FileSeal | null;
  /** All of it when it is small, until it is discarded. */
  content: Buffer | null;
  /** Removes what still lies where it was written; to be called once, whatever happened. */
  discard(): void;
}

/** Where a body is written to, and sealed with what. */
export interface NewFile {
  /** Absolute. */
  path: string;
  seal: FileSeal | null;
}

/** A small one, which is written only where it is to be kept. */
export function inMemory(content: Buffer, archive: WrittenArchive, file: NewFile): Spooled {
  const { path, seal } = file;
  return {
    ...archive,
    content,
    seal,
    persist: async (tail) => {
      const lying = seal ? sealWhole(seal, content) : content;
      await writeSmallFile(path, Buffer.concat([lying, tail]));
      return path;
    },
    discard: async () => removeIfThere(path),
  };
}

/** One that was written into its file already. */
export async function inFile({ path, seal }: NewFile, archive: WrittenArchive): Promise<Spooled> {
  const handle = await open(path, 'r+').catch((error: unknown) => {
    removeIfThere(path);
    throw error;
  });
  const file = new SpoolFile(path, handle);
  const { sizeBytes } = archive;
  return {
    ...archive,
    content: seal
      ? new SealedFile(file.handle, sizeBytes, seal)
      : new PlainFile(file.handle, sizeBytes),
    seal,
    persist: async (tail) => {
      await file.write(tail, seal ? sealedBytes(sizeBytes) : sizeBytes);
      await file.sync();
      return path;
    },
    discard: () => file.discard(),
  };
}
