import { bytesText } from '@excel2doc/oci';
import type { ExecutorContext } from '@nx/devkit';
import type { Engine } from '@excel2doc/engine';
import { checkedOutCommit, Outputs, printTable } from '@excel2doc/stages';
import {
  type ComposeOptions,
  openCompose,
  type OpenedCompose,
  planPrune,
  projectContainers,
  type PrunableImage,
  short,
} from '@excel2doc/services';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends ComposeOptions {
  image: string;
  stages: string[];
  yes: boolean;
  buildCache: boolean;
  olderThanHours: number;
}

/** Shows what would be deleted and what that frees; deletes it with `--yes`. Never a volume. */
export default function prune(options: Options, context: ExecutorContext) {
  return report(async () => {
    const opened = await openCompose(options, projectOf(context));
    const { engine, config } = opened;
    const own = await ownImages(opened, options, context);
    const plan = planPrune({
      containers: await projectContainers(engine, config.name),
      usedImages: await usedImages(engine),
      images: await allImages(engine),
      repository: options.image,
      ...own,
    });
    printTable(
      ['what', 'name', 'why', 'size'],
      [
        ...plan.containers.map(({ name, why }) => ['container', name, why, '-']),
        ...plan.images.map(({ id, references, why, sizeBytes }) => [
          'image',
          references[0] === id ? short(id) : references.join(' '),
          why,
          bytesText(sizeBytes),
        ]),
      ],
    );
    const bytes = plan.images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    // Layers that other images share stay, so what is freed can be less.
    const freed = `at most ${bytesText(bytes)}`;
    if (!options.yes) {
      process.stdout.write(`would free ${freed}; nothing was deleted: --yes does it\n`);
    } else {
      for (const { id } of plan.containers) await engine.command(['rm', id]);
      for (const { references } of plan.images)
        await engine.command(['image', 'rm', ...references], { allowFailure: true });
      process.stdout.write(
        `deleted ${plan.containers.length} containers and ${plan.images.length} images, ${freed}\n`,
      );
    }
    if (options.buildCache) await pruneBuildCache(engine, options);
  });
}

/** BuildKit does not know projects: its cache is one for all, so only what lay unused goes. */
async function pruneBuildCache(engine: Engine, { yes, olderThanHours }: Options): Promise<void> {
  if (yes) {
    const filter = `until=${olderThanHours}h`;
    await engine.buildxCommand(['prune', '--force', '--filter', filter], { output: 'show' });
    return;
  }
  process.stdout.write(
    `build cache, shared by all projects of this engine: --yes deletes what was not used for ${olderThanHours} h\n`,
  );
  await engine.buildxCommand(['du'], { output: 'show' });
}

async function ownImages(
  { engine, bases }: OpenedCompose,
  options: Options,
  context: ExecutorContext,
) {
  const outputs = new Outputs(context.root, projectOf(context).folder, engine.platform, bases);
  const ownLayers = new Set<string>();
  const commit = checkedOutCommit(context.root);
  const keepTags = commit ? [commit] : [];
  for (const stage of options.stages) {
    const output = await outputs.read(stage).catch(() => undefined);
    if (!output) continue;
    keepTags.push(output.record.digest.slice(7, 19));
    for (const { from, diffId } of output.record.layers) if (from !== 'base') ownLayers.add(diffId);
  }
  return { keepTags, ownLayers };
}

async function usedImages(engine: Engine): Promise<Set<string>> {
  const { stdout } = await engine.command(['ps', '--all', '--quiet']);
  const ids = stdout.split('\n').filter(Boolean);
  if (ids.length === 0) return new Set();
  const args = ['container', 'inspect', '--format', '{{.Image}}', ...ids];
  const inspected = await engine.command(args, { allowFailure: true });
  return new Set(inspected.stdout.split('\n').filter(Boolean));
}

async function allImages(engine: Engine): Promise<PrunableImage[]> {
  const ids = new Set((await engine.listImages()).map(({ id }) => id));
  const images = await Promise.all([...ids].map((id) => engine.inspectImage(id)));
  return images.flatMap((image) => image ?? []);
}
