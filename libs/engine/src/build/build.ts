import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ChildOptions, ChildResult } from '../client/child';
import type { EngineDescription } from '../client/description';
import {
  type ImageTransfer,
  type LayoutImage,
  loadLayout,
  parseLayoutContext,
  saveLayout,
} from '../image/layout';
import { BuilderWatch } from './builder-watch';
import { type BuildOptions, buildArguments, flags } from './options';

export interface BuildResult {
  /** Of the manifest (or, for `load` into the classic store, of the image's config); '' for `cache`. */
  digest: string;
}

/** What a build asks of an engine. */
export interface Builder extends ImageTransfer {
  readonly store: EngineDescription['store'];
  buildxCommand(args: string[], options: ChildOptions): Promise<ChildResult>;
  inspectImage(reference: string): Promise<object | null>;
  removeImage(reference: string): Promise<boolean>;
}

/**
 * Builds one image. A layout is written aside and renamed, so that `dir` is whole or is not there;
 * the classic image store, which cannot export one, saves the loaded image instead.
 */
export async function build(engine: Builder, given: BuildOptions): Promise<BuildResult> {
  const namedContexts = exportsLayouts(engine, given)
    ? given.namedContexts
    : await asImages(engine, given.namedContexts);
  const options = { ...given, ...(namedContexts && { namedContexts }) };
  const { output } = options;
  if (output.kind === 'load') {
    return { digest: await runBuild(engine, options, ['--load', ...flags('--tag', output.tags)]) };
  }
  if (output.kind === 'cache') {
    return { digest: await runBuild(engine, options, ['--output', 'type=cacheonly']) };
  }
  const unfinished = `${output.dir}.unfinished-${process.pid}`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(unfinished), { recursive: true });
  try {
    const digest = exportsLayouts(engine, options)
      ? await runBuild(engine, options, ['--output', layoutOutput(options, unfinished)])
      : await buildAndSave(engine, options, unfinished);
    await rm(output.dir, { recursive: true, force: true });
    await rename(unfinished, output.dir);
    return { digest };
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/**
 * New layers come as they are: who takes them compresses them in a way of its own, and BuildKit's gzip
 * is half of a large export. From a builder elsewhere they come compressed.
 */
function layoutOutput({ builder }: BuildOptions, dir: string): string {
  const output = `type=oci,tar=false,dest=${dir}`;
  return isEngine(builder) ? `${output},compression=uncompressed` : output;
}

/** A builder of its own does it with any store. */
function exportsLayouts(engine: Builder, { builder }: BuildOptions): boolean {
  return !isEngine(builder) || engine.store === 'containerd';
}

/** Whether the engine itself builds, which buildx knows as `default`. */
const isEngine = (builder: string | undefined) => builder === undefined || builder === 'default';

/**
 * With the classic store BuildKit refuses layouts ("unknown scheme oci-layout"): they are loaded, and
 * named as images.
 */
async function asImages(
  engine: Builder,
  named: Record<string, string> = {},
): Promise<Record<string, string>> {
  const usable: Record<string, string> = {};
  for (const [name, context] of Object.entries(named)) {
    const layout = parseLayoutContext(context);
    usable[name] = layout ? await asLoadedImage(engine, layout) : context;
  }
  return usable;
}

async function asLoadedImage(engine: Builder, layout: LayoutImage): Promise<string> {
  const tag = `excel2doc-context:${layout.digest.slice('sha256:'.length)}`;
  if ((await engine.inspectImage(tag)) === null) await loadLayout(engine, layout, tag);
  return `docker-image://${tag}`;
}

async function buildAndSave(engine: Builder, options: BuildOptions, dir: string): Promise<string> {
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

async function runBuild(engine: Builder, options: BuildOptions, output: string[]): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'excel2doc-build-'));
  const metadataFile = join(scratch, 'metadata.json');
  const { builder, redactor, sourceDateEpoch: epoch } = options;
  const watch = builder === undefined ? undefined : new BuilderWatch(builder, options.answerMs);
  try {
    const signals = [options.signal, watch?.signal].filter((each) => each !== undefined);
    const isShown = options.showProgress !== false && !options.onProgress;
    // What is shown as it comes cannot be redacted.
    const tell =
      options.onProgress ??
      (isShown && redactor ? (text: string) => void process.stderr.write(text) : undefined);
    await engine.buildxCommand(
      [...buildArguments(options), ...output, '--metadata-file', metadataFile, options.contextDir],
      {
        output: isShown && !redactor ? 'show' : 'capture',
        onStderr: (text) => {
          watch?.see(text);
          tell?.(text);
        },
        ...(redactor && { redactor }),
        signal: AbortSignal.any(signals),
        env: {
          ...options.secretVariables,
          ...(epoch !== undefined && { SOURCE_DATE_EPOCH: String(epoch) }),
        },
      },
    );
    const metadata = JSON.parse(await readFile(metadataFile, 'utf8')) as Record<string, string>;
    return metadata['containerimage.digest'] ?? '';
  } catch (error) {
    throw watch ? watch.failure(error) : error;
  } finally {
    watch?.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}
