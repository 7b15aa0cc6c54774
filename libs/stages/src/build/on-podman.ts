import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ResolvedInstruction,
  type ResolvedRun,
  type StagePlan,
  resolveInstructions,
} from '@excel2doc/dockerfile';
import { Podman, takesHeredocs } from '@excel2doc/engine';
import {
  type Base,
  type ImageRecord,
  type RunStep,
  type StageInput,
  SCRATCH,
  assembleImage,
  canAssemble,
  layoutSource,
  readImageRecord,
  runImage,
  sourceChain,
} from '@excel2doc/oci';
import { buildersFor } from '../workspace/builders';
import { StagesError } from '../workspace/fault';
import { openSecrets, type OpenedSecrets } from '../secrets/open';
import { mountedSecrets } from '../secrets/state';
import { contextFile } from '../plan/context-file';
import { plannedRunPlatform } from '../plan/read';
import { cacheNamespace, keepsOutputs, withNamespace } from './cache-mounts';
import { needsDocker } from './needs-docker';
import { type Block, inBlocks, podmanDockerfile } from './podman-dockerfile';
import { loadContext } from './podman-image';
import { nextSecond } from './resting-points';
import { snapshotContext } from './snapshot';
import type { StageBuild } from './stage-build';
import { type Parent, environmentOf, imageParent, stageInputs, stageParent } from './stage-inputs';

/**
 * Makes a stage where Podman is the engine. Podman carries out the RUNs and no more: whatever else
 * files and the config are made of is put together here, as it is for BuildKit, so that no
 * difference between two builders gets into an image.
 *
 * @throws EngineError `NEEDS_DOCKER` for what only BuildKit does
 */
export async function buildWithPodman(build: StageBuild): Promise<ImageRecord> {
  const scratch = await mkdtemp(join(tmpdir(), 'nx-stages-'));
  try {
    return await new PodmanBuild(build, scratch).build();
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A part of the stage that is done: a thin layout, and what it is built on. */
interface Done {
  record: ImageRecord;
  parent: Parent;
}

class PodmanBuild {
  private readonly plan: StagePlan;
  private instructions: ResolvedInstruction[] = [];
  private read: Promise<Record<string, StageInput>> | undefined;

  constructor(
    private readonly given: StageBuild,
    private readonly scratch: string,
  ) {
    this.plan = given.plan;
  }

  async build(): Promise<ImageRecord> {
    const { plan, given } = this;
    const base = await stageParent(given, this.platform);
    this.instructions = resolveInstructions(plan, environmentOf(base));
    const blocks = inBlocks(this.instructions);
    await this.refuse(base);
    // Podman is given images: also what the first RUN is built on has to be one.
    let done = await this.assemble(base, { kind: 'assembly', from: 0, to: 0 }, this.folder('base'));
    for (const [at, block] of blocks.entries()) {
      const folder = this.folder(String(at));
      done =
        block.kind === 'run'
          ? await this.run(done, block, folder)
          : await this.assemble(done.parent, block, folder);
    }
    const output = given.outputs.folder(given.stage);
    if (plan.output.kind === 'paths') return this.exportPaths(done, plan.output.paths, output);
    const end = plan.instructions.length;
    const { record } = await this.assemble(
      done.parent,
      { kind: 'assembly', from: end, to: end },
      output,
    );
    return record;
  }

  private folder(name: string): string {
    return join(this.scratch, name);
  }

  /** `FROM --platform=$BUILDPLATFORM` runs on another one than it is for. */
  private get platform(): string {
    const { base, platform } = this.plan;
    return (base.kind === 'image' && base.platform) || platform;
  }

  /** How the plan says that layers are compressed. */
  private get compressed() {
    const { compression } = this.given;
    return compression && { compression };
  }

  /** The same, and which files share one. */
  private get layers() {
    const { layering } = this.given;
    return { ...this.compressed, ...(layering && { layering }) };
  }

  /** What only BuildKit does, before anything is run. */
  private async refuse(base: Base): Promise<void> {
    const { plan, given, instructions } = this;
    const reasons = instructions.flatMap((each, at) => {
      if (each.kind !== 'run') return [];
      const parted = withNamespace(plan.instructions[at]!.text, each.mounts, '');
      const quoted = keepsOutputs([each]) && parted === undefined;
      return [...each.extras, ...(quoted ? ['a cache mount that is written with quotes'] : [])];
    });
    const others = instructions.filter(({ kind }) => kind !== 'run');
    const isImage = plan.base.kind === 'image';
    const answer = canAssemble(others, {
      stages: [...plan.stages, ...plan.images.map(({ reference }) => reference)],
      ...(isImage && { onBuild: base.config?.config?.OnBuild ?? [] }),
    });
    if (!answer.ok) reasons.push(answer.reason.replace(' is left to BuildKit', ''));
    if (plan.frontend?.syntax && !/^(docker\.io\/)?docker\/dockerfile\b/.test(plan.frontend.syntax))
      reasons.push(`# syntax=${plan.frontend.syntax}`);
    const platform = await plannedRunPlatform(given.project, plan);
    if (buildersFor(given.project.builders, platform).length > 0)
      reasons.push(`a builder for ${platform}`);
    const [reason] = reasons.filter((each) => each !== HEREDOC);
    if (reason) throw needsDocker(given.stage, reason);
  }

  private async assemble(parent: Parent, block: Block, folder: string): Promise<Done> {
    const { plan, given, instructions } = this;
    const record = await assembleImage({
      outputDir: folder,
      parent,
      instructions: instructions.slice(block.from, block.to),
      context: { directory: given.project.contextDir, files: plan.files.map(contextFile) },
      stages: await this.inputs(),
      platform: this.platform,
      cmdIsSet: this.cmdIsSet(block),
      ...this.layers,
    });
    return this.done(record, parent, folder);
  }

  private cmdIsSet({ from }: Block): boolean {
    return this.instructions.slice(0, from).some(({ kind }) => kind === 'cmd');
  }

  private async done(record: ImageRecord, below: Parent, folder: string): Promise<Done> {
    const { config } = await readImageRecord(folder);
    const source = sourceChain([layoutSource(folder), ...(below.source ? [below.source] : [])]);
    const parent = { reference: below.reference, layers: record.layers, config, source };
    return { record, parent };
  }

  private async run({ record, parent }: Done, block: Block, folder: string): Promise<Done> {
    const { plan, given, instructions } = this;
    const podman = await this.podman();
    const steps = instructions.slice(block.from, block.to);
    const runs = steps.filter((each): each is ResolvedRun => each.kind === 'run');
    if (runs.some(({ extras }) => extras.includes(HEREDOC)) && !takesHeredocs(podman.serverVersion))
      throw needsDocker(
        given.stage,
        `a heredoc before Podman 4.9 (this is ${podman.serverVersion})`,
      );
    const isEmpty = parent.layers.length === 0 && plan.base.kind === 'scratch';
    const environment = new Set(Object.keys(environmentOf(parent)));
    const base = isEmpty ? 'scratch' : await loadContext(podman, record, parent);
    const dockerfile = `${folder}.Dockerfile`;
    const isKept = keepsOutputs(runs);
    const caches = isKept && { caches: await this.namespace(record) };
    const text = podmanDockerfile(plan, instructions, block, { base, environment, ...caches });
    await writeFile(dockerfile, text);
    const mounts = runs.flatMap((each) => each.mounts);
    const contextDir = `${folder}.context`;
    // What a cache mount keeps may be of this very second.
    const timeS = isKept ? await nextSecond() : Date.now() / 1000;
    if (mounts.length > 0)
      await snapshotContext(given.project.contextDir, plan.files, contextDir, timeS);
    else await mkdir(contextDir);
    const layoutDir = `${folder}.layout`;
    const { close, hosts: _, ...secrets } = await this.secrets();
    const built = podman.runSteps({
      dockerfile,
      contextDir,
      layoutDir,
      platform: this.platform,
      ...secrets,
      buildArgs: declared(plan.args, steps),
      images: await this.mounted(
        podman,
        mounts.flatMap(({ from }) => from ?? []),
      ),
      // Podman takes a RUN from its cache though what was mounted for it has changed (buildah#5400).
      // Nothing but the steps themselves is in its keys: what is older than `fresh` cannot be told apart.
      noCache: mounts.length > 0 || given.fresh !== undefined,
    });
    await built.finally(close);
    const { platform } = this;
    const options = { layoutDir, outputDir: folder, parent, platform };
    const made = await runImage({
      ...options,
      steps: this.steps(block),
      cmdIsSet: this.cmdIsSet(block),
      ...this.compressed,
    });
    return this.done(made, parent, folder);
  }

  /** All that a step sees is in the image below it, whose files have times of long ago, or mounted. */
  private async namespace(below: ImageRecord): Promise<string> {
    const { plan, given, instructions } = this;
    const stages: Record<string, string> = { [OWN]: below.digest };
    for (const [name, { record }] of Object.entries(await this.inputs()))
      stages[name] = record.digest;
    return cacheNamespace({ plan, instructions, stages, fresh: given.fresh });
  }

  /** What its steps mount of secrets; no host for a cache, for none is asked then. */
  private async secrets(): Promise<OpenedSecrets> {
    const { project, stage, secrets = [] } = this.given;
    const { mounted } = mountedSecrets(project, stage, [this.plan]);
    const opened = await openSecrets(project, stage, mounted, secrets);
    // Podman parts at each comma.
    const odd = opened.secrets.find((each) => each.includes('"'));
    if (odd === undefined) return opened;
    await opened.close();
    throw needsDocker(stage, `a secret whose path has a comma, a quote or a space (${odd})`);
  }

  private async podman(): Promise<Podman> {
    const engine = await this.given.project.engine();
    if (engine instanceof Podman) return engine;
    throw new StagesError('PLAN_MISSING', {
      message: `Stage ${this.given.stage} was planned for Podman, and the engine is ${engine.title}`,
      hint: 'Run the target docker-plan again',
    });
  }

  private steps({ from, to }: Block): RunStep[] {
    const written = this.plan.instructions;
    return this.instructions.slice(from, to).map((each, at): RunStep => {
      if (each.kind !== 'run') return each as RunStep;
      const mountPoints = each.mounts.flatMap(({ target }) => target ?? []);
      return { kind: 'run', createdBy: written[from + at]!.text, mountPoints };
    });
  }

  /** The stages and images that mounts take something from, as images that are loaded. */
  private async mounted(podman: Podman, names: string[]): Promise<Record<string, string>> {
    const inputs = await this.inputs();
    const tags: Record<string, string> = {};
    for (const name of new Set(names)) {
      const input = inputs[name];
      if (input) tags[name] = await loadContext(podman, input.record, input);
    }
    return tags;
  }

  /** All that is copied from and mounted: an image is one more stage. */
  private inputs(): Promise<Record<string, StageInput>> {
    return (this.read ??= this.readInputs());
  }

  private async readInputs(): Promise<Record<string, StageInput>> {
    const { plan, given } = this;
    const inputs = await stageInputs(given);
    for (const [at, { reference }] of plan.images.entries()) {
      const parent = await imageParent(given.outputs, reference, plan.platform);
      const folder = this.folder(`image-${at}`);
      const options = { outputDir: folder, parent, platform: plan.platform };
      const record = await assembleImage({ ...options, instructions: [] });
      inputs[reference] = { record, source: sourceChain([layoutSource(folder), parent.source]) };
    }
    return inputs;
  }

  private exportPaths({ record, parent }: Done, paths: string[], outputDir: string) {
    const { source } = parent;
    const instructions = paths.map((path, at) => ({
      kind: 'copy' as const,
      sources: [path],
      destination: path,
      from: OWN,
      link: true,
      line: at + 1,
    }));
    return assembleImage({
      outputDir,
      parent: SCRATCH,
      instructions,
      paths,
      platform: this.plan.platform,
      stages: { [OWN]: { record, source: source! } },
      ...this.layers,
    });
  }
}

/** Podman warns of every argument that it is given and that no ARG declares. */
function declared(args: Record<string, string>, steps: ResolvedInstruction[]) {
  const names = steps.flatMap((each) => (each.kind === 'arg' ? each.entries : []));
  return Object.fromEntries(
    names.flatMap(({ key }) => (key in args ? [[key, args[key]!] as const] : [])),
  );
}

const OWN = 'nx-stages-own';
const HEREDOC = 'a heredoc';
