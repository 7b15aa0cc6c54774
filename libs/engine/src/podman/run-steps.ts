import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { digestOf } from '@excel2doc/oci';
import type { Client } from '../client/child';
import type { Redactor } from '../client/redact';

export interface RunStepsOptions {
  /** Path of a Dockerfile of one stage, that does nothing to files but by RUN. */
  dockerfile: string;
  contextDir: string;
  platform?: string;
  buildArgs?: Record<string, string>;
  /** Name -> tag of an image that is loaded. */
  images?: Record<string, string>;
  /** Where the layout goes. */
  layoutDir: string;
  noCache?: boolean;
  /** As BuildKit takes them: 'id=token,src=…', 'id=token,env=TOKEN'. */
  secrets?: string[];
  ssh?: string[];
  /** Variables of the client that `secrets` name. */
  secretVariables?: Record<string, string>;
  /** Takes the secrets' values out of all that the steps say. */
  redactor?: Redactor;
  signal?: AbortSignal;
  /** Off: the progress is only on the error. */
  showProgress?: boolean;
}

/**
 * Builds, and writes the image as an OCI layout with uncompressed layers, one for each RUN.
 *
 * Podman's `docker-dir` is the only format in which it writes layers as it has them; as
 * an OCI layout it would compress all of the base again.
 */
export async function runSteps(podman: Client, options: RunStepsOptions): Promise<void> {
  const { layoutDir, signal, showProgress = true } = options;
  const scratch = `${layoutDir}.podman`;
  const idFile = `${layoutDir}.id`;
  const { redactor, secretVariables } = options;
  const said = redactor
    ? { ...redacted(redactor, showProgress), redactor }
    : { output: showProgress ? ('show' as const) : ('capture' as const) };
  try {
    await podman.command([...stepArguments(options), '--iidfile', idFile, options.contextDir], {
      ...said,
      ...(secretVariables && { env: secretVariables }),
      ...(signal && { signal }),
    });
    const id = (await readFile(idFile, 'utf8')).trim().replace(/^sha256:/, '');
    const save = ['image', 'save', '--quiet', '--format', 'docker-dir', '--output', scratch, id];
    await podman.command(save, signal ? { signal } : {});
    await toLayout(scratch, layoutDir);
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await rm(idFile, { force: true });
  }
}

/** The options of `podman build`, less context and what is written. */
export function stepArguments(options: RunStepsOptions): string[] {
  const each = (flag: string, values: Record<string, string> = {}, prefix = '') =>
    Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${prefix}${value}`]);
  return [
    // A layer for each RUN, which the next build takes again.
    'build',
    '--layers',
    '--format=docker',
    '--pull=never',
    '--file',
    options.dockerfile,
    ...(options.platform ? ['--platform', options.platform] : []),
    ...each('--build-arg', options.buildArgs),
    ...each('--build-context', options.images, 'docker-image://'),
    ...(options.secrets ?? []).flatMap((secret) => ['--secret', secret]),
    ...(options.ssh ?? []).flatMap((agent) => ['--ssh', agent]),
    ...(options.noCache ? ['--no-cache'] : []),
  ];
}

/** What steps print is on Podman's own output, and what Podman says on its error output. */
function redacted(redactor: Redactor, isShown: boolean) {
  const clear = redactor.stream();
  const show = (text: string) => void (isShown && process.stdout.write(text));
  // A character may be cut in two as a value may.
  const decoder = new StringDecoder('utf8');
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      show(clear.add(decoder.write(chunk)));
      done();
    },
    final(done) {
      show(clear.add(decoder.end()) + clear.end());
      done();
    },
  });
  const onStderr = (text: string) => void (isShown && process.stderr.write(text));
  return { output: 'capture' as const, sink, onStderr };
}

/** @see containers-transports(5), dir: blobs by their digest's hex digits beside manifest.json */
async function toLayout(folder: string, layoutDir: string): Promise<void> {
  const blobs = join(layoutDir, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  for (const name of await readdir(folder)) {
    if (/^[0-9a-f]{64}$/.test(name)) await rename(join(folder, name), join(blobs, name));
  }
  const bytes = await readFile(join(folder, 'manifest.json'));
  const digest = digestOf(bytes);
  await writeFile(join(blobs, digest.slice('sha256:'.length)), bytes);
  const { mediaType } = JSON.parse(bytes.toString()) as { mediaType: string };
  const manifests = [{ mediaType, digest, size: bytes.length }];
  await writeFile(join(layoutDir, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  await writeFile(join(layoutDir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}
