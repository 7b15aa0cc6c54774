import { readFile } from 'node:fs/promises';
import { EngineError } from '@excel2doc/engine';
import { tried } from '../shell';

/** A host on which the private engine can live. */
export interface Host {
  id: 'debian' | 'ubuntu';
  /** 'bookworm', 'noble' */
  codename: string;
  /** Words in front of a command that needs root: none for root itself. */
  asRoot: string[];
}

/** The fields of os-release(5). */
export function parseOsRelease(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^([A-Z_]+)=(?:"([^"\n]*)"|'([^'\n]*)'|(\S*))\s*$/gm)].map(
      ([, key, double, single, bare]) => [key, double ?? single ?? bare ?? ''],
    ),
  );
}

/**
 * @throws EngineError `UNSUPPORTED_HOST` on anything but Debian and Ubuntu (and what is derived from
 *   them), `NO_ROOT` without root and without passwordless sudo.
 */
export async function detectHost(): Promise<Host> {
  if (process.platform !== 'linux') {
    const where = process.platform === 'darwin' ? 'a Mac' : 'Windows';
    throw new EngineError('UNSUPPORTED_HOST', {
      message: `No Docker answers, and on ${where} there is no private engine`,
      hint: 'Install Docker Desktop, start it, and try again',
    });
  }
  const release = parseOsRelease(await readFile('/etc/os-release', 'utf8').catch(() => ''));
  const id = [release['ID'], ...(release['ID_LIKE'] ?? '').split(' ')].find(
    (each): each is Host['id'] => each === 'debian' || each === 'ubuntu',
  );
  const codename =
    (id === 'ubuntu' ? release['UBUNTU_CODENAME'] : release['DEBIAN_CODENAME']) ??
    release['VERSION_CODENAME'];
  if (!id || !codename) {
    throw new EngineError('UNSUPPORTED_HOST', {
      message: `No Docker answers, and a private engine needs Debian or Ubuntu (this is ${release['PRETTY_NAME'] ?? 'an unknown Linux'})`,
      hint: 'Install Docker 25 or newer with buildx and Compose v2, and start it',
    });
  }
  return { id, codename, asRoot: await wordsForRoot() };
}

async function wordsForRoot(): Promise<string[]> {
  if (process.getuid?.() === 0) return [];
  const sudo = await tried`sudo -n true`;
  if (sudo.exitCode === 0) return ['sudo', '-n'];
  throw new EngineError('NO_ROOT', {
    message: 'No Docker answers, and the private engine needs root: sudo asks for a password here',
    hint: 'Run `sudo -v` first, or install and start Docker',
  });
}
