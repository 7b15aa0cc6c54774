import type { Dockerfile, Stage } from '../dockerfile';
import { DockerfileError } from '../error';
import type { Copy, Run } from '../instruction/instruction';
import { similarTo } from '../instruction/keyword';
import { parseMount } from '../instruction/mount';
import { SyntaxProblem } from '../syntax/words';
import type { BaseFacts } from './base';
import { baseFacts } from './base';
import type { GivenArgs } from './epoch';
import type { EvaluateOptions } from './options';
import { globalScope, settledArgs } from './global-scope';
import { normalPlatform, platformArgs } from './platform';
import { problemAt } from './problem';
import { digestOf, familiarReference } from './reference';
import { Scope } from './scope';

/** Where a stage starts from, or what COPY --from and a mount's `from` read. */
export type StageSource =
  | { kind: 'scratch' }
  | { kind: 'stage'; stage: number }
  | ({ kind: 'image'; reference: string; uncacheable?: string } & Pick<
      BaseFacts,
      'digest' | 'env' | 'onbuild'
    >);

export interface Graph {
  globalArgs: Map<string, string>;
  /** Build arguments from outside. */
  given: GivenArgs;
  stages: { source: StageSource; platform: string | undefined; replaced: boolean }[];
  sourceOfCopy(stage: Stage, copy: Copy): StageSource;
  sourceOfMount(stage: Stage, from: string, run: Run): StageSource;
}

/** FROM of every stage, with variables substituted, and what `from` means in each. */
export function readGraph(dockerfile: Dockerfile, options: EvaluateOptions): Graph {
  return new GraphReader(dockerfile, options).read();
}

class GraphReader {
  private readonly scope: Scope;
  private readonly given: GivenArgs;
  private readonly lastByName = new Map<string, number>();
  /**
   * The images that instructions read, in order: BuildKit counts them on behind the stages, and a number
   * in --from may mean one.
   */
  private readonly implicit: StageSource[] = [];
  private readonly copySources = new Map<Copy, StageSource>();

  constructor(
    private readonly dockerfile: Dockerfile,
    private readonly options: EvaluateOptions,
  ) {
    this.scope = globalScope(dockerfile, options);
    this.given = settledArgs(dockerfile, options, this.scope);
    for (const stage of dockerfile.stages)
      if (stage.declaredName !== '') this.lastByName.set(stage.declaredName, stage.index);
  }

  read(): Graph {
    const { dockerfile } = this;
    const earlier = new Map<string, number>();
    const stages = dockerfile.stages.map((stage) => {
      const read = problemAt(dockerfile.file, stage.from, () => this.from(stage, earlier));
      if (stage.declaredName !== '') earlier.set(stage.declaredName, stage.index);
      return read;
    });
    const globalArgs = new Map<string, string>();
    for (const name of this.names()) {
      const value = this.scope.get(name);
      if (typeof value === 'string') globalArgs.set(name, value);
    }
    this.refuseCycles();
    return {
      globalArgs,
      given: this.given,
      stages,
      sourceOfCopy: (stage, copy) =>
        this.checked(stage, copy, copy.from!, this.copySources.get(copy) ?? this.copySource(copy)),
      sourceOfMount: (stage, from, run) => this.checked(stage, run, from, this.byName(from, run)),
    };
  }

  private names(): Set<string> {
    const automatic = platformArgs(
      this.options.platform,
      this.options.platform,
      '',
      this.dockerfile.rules,
    ).keys();
    const declared = this.dockerfile.globalArgs.flatMap(({ args }) => args.map(({ name }) => name));
    return new Set([...automatic, ...declared]);
  }

  private from(stage: Stage, earlier: Map<string, number>) {
    const { image, platform: written } = stage.from;
    const { escape } = this.dockerfile.directives;
    const base = this.scope.expand(image, escape).text;
    if (base === '') throw new SyntaxProblem(`base name (${image}) should not be blank`);
    let platform: string | undefined;
    if (written !== undefined) {
      const text = this.scope.expand(written, escape).text;
      if (text === '') throw new SyntaxProblem(`empty platform value from expression ${written}`);
      platform = normalPlatform(text);
    }
    const context = stage.declaredName && this.namedContext(stage.declaredName);
    if (context) return { source: context, platform, replaced: true };
    const parent = earlier.get(base);
    const source: StageSource =
      parent !== undefined
        ? { kind: 'stage', stage: parent }
        : this.image(base, stage.from, platform);
    return { source, platform, replaced: false };
  }

  private image(
    name: string,
    place: { line: number; column: number },
    platform = this.options.platform,
  ): StageSource {
    if (name === 'scratch') return { kind: 'scratch' };
    const familiar = familiarReference(name);
    if (familiar === undefined) {
      const lower = name.toLowerCase();
      throw this.error('UNKNOWN_STAGE', place, {
        message: `failed to parse stage name "${name}": invalid reference format`,
        hint: this.lastByName.has(lower)
          ? `FROM is case-sensitive: the stage is called ${lower}`
          : undefined,
      });
    }
    return this.namedContext(familiar) ?? this.locked(name, familiar, platform);
  }

  private locked(name: string, familiar: string, platform = this.options.platform): StageSource {
    const bases = this.options.bases ?? {};
    const key = Object.hasOwn(bases, name)
      ? name
      : Object.keys(bases).find((key) => familiarReference(key) === familiar);
    const { isUnlocked, env, onbuild, ...found } = (key === undefined
      ? undefined
      : baseFacts(bases, key, platform)) ?? { digest: null };
    const digest = digestOf(name) ?? found.digest;
    const source = {
      kind: 'image' as const,
      reference: key ?? name,
      digest,
      ...(env && { env }),
      ...(onbuild && { onbuild }),
    };
    if (digest !== null && !isUnlocked) return source;
    const meant = similarTo(name, [...this.lastByName.keys()]);
    const hint = meant === undefined ? '' : ` (did you mean the stage ${meant}?)`;
    return { ...source, uncacheable: `image ${name} is not locked to a digest${hint}` };
  }

  private namedContext(name: string): StageSource | undefined {
    const contexts = this.options.namedContexts ?? {};
    const key = Object.keys(contexts).find((key) => key.toLowerCase() === name.toLowerCase());
    if (key === undefined || /^(?:scratch|context)$/i.test(name)) return undefined;
    const value = contexts[key]!;
    if (value.startsWith('docker-image://')) {
      const reference = value.slice('docker-image://'.length);
      return this.locked(reference, familiarReference(reference) ?? reference);
    }
    const digest = value.startsWith('oci-layout://') ? (digestOf(value) ?? null) : null;
    const source = { kind: 'image' as const, reference: `${key}=${value}`, digest };
    return digest === null
      ? { ...source, uncacheable: `the named context ${key} (${value}) has no digest` }
      : source;
  }

  private copySource(copy: Copy): StageSource {
    const from = copy.from!;
    if (this.expands(from))
      throw this.error('BAD_FLAG', copy, {
        message: 'variable expansion is not supported for --from',
        hint: 'define a stage with FROM using an ARG from before the first FROM, and copy from that',
      });
    if (!isNumber(from)) return this.byName(from, copy);
    const stage = Number(from);
    if (stage >= 0 && stage < this.dockerfile.stages.length) return { kind: 'stage', stage };
    const image = this.implicit[stage - this.dockerfile.stages.length];
    if (image) return image;
    throw this.error('UNKNOWN_STAGE', copy, {
      message: `invalid stage index ${stage}`,
      hint: `the file has stages 0 to ${this.dockerfile.stages.length - 1}`,
    });
  }

  private expands(word: string): boolean {
    return (
      new Scope([], false, this.dockerfile.rules).expand(word, this.dockerfile.directives.escape)
        .text !== word
    );
  }

  private byName(name: string, place: { line: number; column: number }): StageSource {
    const stage = this.lastByName.get(name.toLowerCase());
    return stage === undefined ? this.image(name, place) : { kind: 'stage', stage };
  }

  private checked(stage: Stage, place: Copy | Run, from: string, source: StageSource): StageSource {
    if (source.kind !== 'stage') return source;
    // An instruction of its own that reads it is a cycle, refused before.
    if (source.stage === stage.index)
      throw this.error('UNKNOWN_STAGE', place, {
        message: `a trigger reads the stage "${stage.name}" that it runs in, which only BuildKit does`,
        hint: 'give this stage another name than the one that the trigger is to read',
      });
    if (source.stage > stage.index)
      throw this.error('UNKNOWN_STAGE', place, {
        message: `${place.keyword === 'COPY' ? 'cannot copy from stage' : 'cannot mount from stage'} "${from}", it needs to be defined before current stage "${stage.name}"`,
        hint: `move stage ${this.dockerfile.stages[source.stage]!.name} above it`,
      });
    return source;
  }

  /**
   * Refuses stages that read each other. A circle that leads through a FROM is none to BuildKit: one of
   * its stages reads a later one, and is refused where it is needed.
   */
  private refuseCycles(): void {
    const edges = this.dockerfile.stages.map((stage) => {
      const targets: number[] = [];
      for (const instruction of stage.instructions) {
        const read = problemAt(this.dockerfile.file, instruction, () => {
          if (instruction.keyword === 'COPY' && instruction.from !== undefined) {
            const source = this.copySource(instruction);
            this.copySources.set(instruction, source);
            if (source.kind !== 'stage' && !isNumber(instruction.from)) this.implicit.push(source);
            return [source];
          }
          if (instruction.keyword !== 'RUN') return [];
          return instruction.mounts.map((value): StageSource => {
            const from = fromOf(value);
            const source = from === undefined ? nothing : this.byName(from, instruction);
            if (source.kind !== 'stage') this.implicit.push(source);
            return source;
          });
        });
        targets.push(...read.flatMap((source) => (source.kind === 'stage' ? [source.stage] : [])));
      }
      return targets;
    });
    const state = new Map<number, 'open' | 'done'>();
    const visit = (index: number): void => {
      if (state.get(index) === 'done') return;
      const stage = this.dockerfile.stages[index]!;
      if (state.get(index) === 'open')
        throw this.error('STAGE_CYCLE', stage.from, {
          message: `circular dependency detected on stage: ${stage.name}`,
        });
      state.set(index, 'open');
      edges[index]!.forEach(visit);
      state.set(index, 'done');
    };
    this.dockerfile.stages.forEach(({ index }) => visit(index));
  }

  private error(
    code: 'UNKNOWN_STAGE' | 'STAGE_CYCLE' | 'BAD_FLAG',
    { line, column }: { line: number; column: number },
    detail: { message: string; hint?: string | undefined },
  ): DockerfileError {
    return new DockerfileError(code, {
      at: { file: this.dockerfile.file, line, column },
      ...detail,
    });
  }
}

const nothing: StageSource = { kind: 'scratch' };

function isNumber(from: string): boolean {
  return /^[+-]?\d+$/.test(from);
}

function fromOf(mount: string): string | undefined {
  try {
    return parseMount(mount, (word) => word).from;
  } catch (error) {
    // A variable stands where a fixed word is wanted; evaluation reads it with its value.
    if (error instanceof SyntaxProblem) return undefined;
    throw error;
  }
}
