import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { replaceFile } from '@excel2doc/oci';
import { completeValues } from '@excel2doc/services';
import { StagesError } from '@excel2doc/stages';
import { report, sayLine } from '../report';

interface Options {
  files: string[];
  envFile: string;
  set?: string[];
}

/** Writes the file with a configuration's values: secrets are made, the rest is given or asked for. */
export default function careEnv({ files, envFile, set = [] }: Options, context: ExecutorContext) {
  return report(async () => {
    const at = (path: string) => join(context.root, path);
    const given = Object.fromEntries(set.map(pairOf));
    const texts = await Promise.all(files.map((file) => readFile(at(file), 'utf8')));
    const before = existsSync(at(envFile)) ? await readFile(at(envFile), 'utf8') : '';
    const { text, added, open } = completeValues(texts, before, given);
    // Always written anew, so that the mode is right, too.
    await replaceFile(at(envFile), text, 0o600);
    const kept = Object.keys(given).filter((name) => !added.includes(name));
    sayLine(`${envFile}, for its owner alone: ${added.join(', ') || 'nothing'} added`);
    for (const name of kept) sayLine(`! ${name} was there already and stays as it is`);
    for (const { name, message } of open)
      sayLine(`! ${name} is missing${message && `: ${message}`}; --set=${name}=VALUE adds it`);
    if (added.some((name) => /PASSWORD|SECRET/.test(name)))
      sayLine('keep a copy of it where this machine is not: backups are read by what is in it');
  });
}

function pairOf(text: string): [string, string] {
  const [, name, value] = /^([A-Za-z_]\w*)=([^\n]+)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw new StagesError('ENV_MISSING', {
    message: `--set=${text} is no NAME=VALUE`,
    hint: 'Write it as --set=SITE_ADDRESS=docs.example.org',
  });
}
