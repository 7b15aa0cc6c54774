import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ComposeFile, parseCompose } from './compose-file';
import { mergedCompose } from './compose-merged';
import type { ComposeSet } from './compose-names';
import { remembered } from './remembered';
import type { TrackedFiles } from './tracked-files';

/** The files of one Compose project as one. */
export function readComposeSet(
  workspaceRoot: string,
  tracked: TrackedFiles,
  set: ComposeSet,
): ComposeFile {
  const { model, files } = mergedCompose(set, (file) => {
    if (tracked.kind(file) === 'file') return readCompose(workspaceRoot, file).model;
    throw new Error(`${file} is no file that git knows`);
  });
  return { file: set[0], model, ...(files.length > 1 && { files }) };
}

function readCompose(workspaceRoot: string, file: string): ComposeFile {
  const text = readFileSync(join(workspaceRoot, file), 'utf8');
  return { file, model: remembered(workspaceRoot, ['compose', text], () => parseCompose(text)) };
}

/** `compose.test.yaml` beside `compose.yaml`: what the tests need on top of it. */
export function readTests(
  workspaceRoot: string,
  tracked: TrackedFiles,
  composeFile: string,
): ComposeFile | undefined {
  const file = besides(tracked, composeFile, 'test');
  return file === undefined ? undefined : readCompose(workspaceRoot, file);
}

/** `compose.<name>.yaml` beside `compose.yaml`, where git knows one. */
export function besides(
  tracked: TrackedFiles,
  composeFile: string,
  name: string,
): string | undefined {
  const file = composeFile.replace(/\.ya?ml$/, `.${name}$&`);
  return tracked.kind(file) === 'file' ? file : undefined;
}
