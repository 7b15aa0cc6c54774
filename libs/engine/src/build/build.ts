import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Engine } from '../engine';
import { type LayoutImage, loadLayout, parseLayoutContext, saveLayout } from '../image/layout';

export interface BuildOptions {
  /** Path of the Dockerfile. */
  dockerfile: string;
  contextDir: string;
  target?: string;
  /** 'linux/arm64'; the engine's own when left out. */
  platform?: string;
  /** A builder of `docker buildx create` by its name, for a platform that it runs natively. */
  builder?: string;
  buildArgs?: Record<string, string>;
  /** Name (a stage's, or an image reference of a FROM) -> what stands for it: `ociLayoutContext()`,
   * 'docker-image://…', a folder. */
  namedContexts?: Record<string, string>;
  /** As buildx takes them: 'id=token,src=…', 'id=token,env=TOKEN'. */
  secrets?: string[];
  ssh?: string[];
  output: { kind: 'oci-layout'; dir: string } | { kind: 'load'; tags: string[] };
  noCache?: boolean;
  /** In seconds; RUN steps see it. */
  sourceDateEpoch?: number;
  labels?: Record<string, string>;
  signal?: AbortSignal;
  /** Off: the progress is only on the error. */
  showProgress?: boolean;
}

export interface BuildResult {
  /** Of the manifest (or, for `load` into the classic store, of the image's config). */
  digest: string;
}

/**
 * Builds one image. A layout is written aside and renamed, so that `dir` is whole or is not there;
 * the classic image store, which cannot export one, saves the loaded image instead.
 */
export async function build(engine: Engine, given: BuildOptions): Promise<BuildResult> {
  const namedContexts = exportsLayouts(engine, given)
    ? given.namedContexts
    : await asImages(engine, given.namedContexts);
  const options = { ...given, ...(namedContexts && { namedContexts }) };
  const { output } = options;
  if (output.kind === 'load') {
    return { digest: await runBuild(engine, options, ['--load', ...flags('--tag', output.tags)]) };
  }
  const unfinished = `${output.dir}.unfinished-${process.pid}`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(unfinished), { recursive: true });
  try {
    const digest = exportsLayouts(engine, options)
      ? await runBuild(engine, options, ['--output', `type=oci,tar=false,dest=${unfinished}`])
      : await buildAndSave(engine, options, unfinished);
    await rm(output.dir, { recursive: true, force: true });
    await rename(unfinished, output.dir);
    return { digest };
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** A builder of its own does it with any store. */
function exportsLayouts(engine: Engine, { builder }: BuildOptions): boolean {
  return builder !== undefined || engine.store === 'containerd';
}

/**
 * With the classic store BuildKit refuses layouts ("unknown scheme oci-layout"): they are loaded, and
 * named as images.
 */
async function asImages(
  engine: Engine,
  named: Record<string, string> = {},
): Promise<Record<string, string>> {
  const usable: Record<string, string> = {};
  for (const [name, context] of Object.entries(named)) {
    const layout = parseLayoutContext(context);
    usable[name] = layout ? await asLoadedImage(engine, layout) : context;
  }
  return usable;
}

async function asLoadedImage(engine: Engine, layout: LayoutImage): Promise<string> {
  const tag = `excel2doc-context:${layout.digest.slice('sha256:'.length)}`;
  if ((await engine.inspectImage(tag)) === null) await loadLayout(engine, layout, tag);
  return `docker-image://${tag}`;
}

async function buildAndSave(engine: Engine, options: BuildOptions, dir: string): Promise<string> {
  const tag = `excel2doc-export:${randomUUID()}`;
  await runBuild(engine, options, ['--load', '--tag', tag]);
  try {
    await saveLayout(engine, tag, dir);
    const index = JSON.parse(await readFile(join(dir, 'index.json'), 'utf8')) as {
      manifests: { digest: string }[];
    };
    return index.manifests[0]!.digest;
  } finally {
    await engine.removeImage(tag);
  }
}

async function runBuild(engine: Engine, options: BuildOptions, output: string[]): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'excel2doc-build-'));
  const metadataFile = join(scratch, 'metadata.json');
  try {
    await engine.buildxCommand(
      [...buildArguments(options), ...output, '--metadata-file', metadataFile, options.contextDir],
      {
        output: options.showProgress === false ? 'capture' : 'show',
        ...(options.signal && { signal: options.signal }),
        ...(options.sourceDateEpoch !== undefined && {
          env: { SOURCE_DATE_EPOCH: String(options.sourceDateEpoch) },
        }),
      },
    );
    const metadata = JSON.parse(await readFile(metadataFile, 'utf8')) as Record<string, string>;
    return metadata['containerimage.digest'] ?? '';
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The options of `buildx build`, less output and context. */
export function buildArguments(options: BuildOptions): string[] {
  const pairs = (values: Record<string, string> | undefined) =>
    Object.entries(values ?? {}).map(([name, value]) => `${name}=${value}`);
  return [
    'build',
    '--progress=plain',
    // An attestation holds the time of the build: the digest would change with every one.
    '--provenance=false',
    ...(options.builder ? ['--builder', options.builder] : []),
    ...['--file', options.dockerfile],
    ...(options.target ? ['--target', options.target] : []),
    ...(options.platform ? ['--platform', options.platform] : []),
    ...flags('--build-arg', pairs(options.buildArgs)),
    ...flags('--build-context', pairs(options.namedContexts)),
    ...flags('--label', pairs(options.labels)),
    ...flags('--secret', options.secrets ?? []),
    ...flags('--ssh', options.ssh ?? []),
    ...(options.noCache ? ['--no-cache'] : []),
  ];
}

function flags(name: string, values: string[]): string[] {
  return values.flatMap((value) => [name, value]);
}
