import { posix } from 'node:path';
import type { Dockerfile, Stage } from '../dockerfile';
import { DockerfileError } from '../error';
import { heredocText } from '../syntax/heredoc';
import { SyntaxProblem } from '../syntax/words';
import type { Arg, Copy, Instruction, Run } from '../instruction/instruction';
import type { Mount } from '../instruction/mount';
import { parseMount } from '../instruction/mount';
import { parseInstruction } from '../instruction/parse';
import type { Expansion } from '../syntax/expand';
import { unknown } from '../syntax/expand';
import { readLines } from '../syntax/lines';
import { firstScope } from './first-scope';
import { problemAt } from './problem';
import type { Graph, StageSource } from './graph';
import type { EvaluateOptions } from './options';
import { readGraph } from './graph';
import {
  refuseChecksum,
  refuseMode,
  refusePorts,
  refuseRemote,
  refuseTarget,
  refuseWord,
} from './refuse';
import { remoteSource } from './remote';
import type { Scope } from './scope';
import type { EvaluatedStage, Step } from './step';
import { instructionText, mountText } from './text';

type Value = string | undefined | typeof unknown;

interface Done {
  evaluated: EvaluatedStage;
  scope: Scope;
  cwd: string | undefined;
  plainShell: boolean;
}

/**
 * Every stage with its variables substituted, as far as they are known without building. What is
 * wrong in a stage is its `fault`: BuildKit builds the others.
 *
 * @throws DockerfileError for what BuildKit refuses whatever it is to build: `UNKNOWN_STAGE`,
 *   `STAGE_CYCLE`, `BAD_SUBSTITUTION`, `BAD_FLAG`
 */
export function evaluateStages(dockerfile: Dockerfile, options: EvaluateOptions): EvaluatedStage[] {
  const graph = readGraph(dockerfile, options);
  const done: Done[] = [];
  for (const stage of dockerfile.stages) {
    const { source, platform } = graph.stages[stage.index]!;
    const parent = source.kind === 'stage' ? done[source.stage] : undefined;
    const evaluation = new Evaluation(dockerfile, graph, options, stage, parent);
    const evaluated = evaluation.run(source, platform);
    const { scope, cwd, plainShell } = evaluation;
    done.push({ evaluated, scope, cwd, plainShell });
  }
  return done.map(({ evaluated }) => evaluated);
}

class Evaluation {
  readonly scope: Scope;
  private readonly args: Map<string, string>;
  private readonly steps: Step[] = [];
  private inTrigger = false;
  private readonly escape: string;
  /** What the `from` of a COPY or a mount turned out to be. */
  private readonly sources = new Map<object, StageSource>();
  cwd: string | undefined;
  plainShell: boolean;
  /** Up to 0.13 the directive `escape` did not count in flags. */
  private readonly flagEscape: string;

  constructor(
    private readonly dockerfile: Dockerfile,
    private readonly graph: Graph,
    private readonly options: EvaluateOptions,
    private readonly stage: Stage,
    private readonly parent: Done | undefined,
  ) {
    this.escape = dockerfile.directives.escape;
    this.flagEscape = dockerfile.rules >= 34 ? this.escape : '\\';
    this.scope =
      parent?.scope.below() ?? firstScope(graph.stages[stage.index]!.source, dockerfile.rules);
    this.args = new Map(parent?.evaluated.args);
    const isScratch = graph.stages[stage.index]!.source.kind === 'scratch';
    this.cwd = parent ? parent.cwd : isScratch ? '/' : undefined;
    this.plainShell = parent?.plainShell ?? true;
  }

  run(base: StageSource, platform: string | undefined): EvaluatedStage {
    const reasons: EvaluatedStage['reasons'] = { wholeContext: [], uncacheable: [] };
    const { from } = this.stage;
    if (base.kind === 'image' && base.uncacheable)
      reasons.uncacheable.push({ reason: base.uncacheable, line: from.line });
    if (base.kind === 'image' && base.onbuild === 'unknown')
      reasons.wholeContext.push({
        reason: `whether ${base.reference} has ONBUILD triggers is not known until docker-lock has asked`,
        line: from.line,
      });
    // A named context takes the stage's place, instructions and all.
    const replaced = this.graph.stages[this.stage.index]!.replaced;
    let fault = this.parent?.evaluated.fault;
    if (!replaced && !fault)
      try {
        this.readAll();
      } catch (error) {
        if (!(error instanceof DockerfileError)) throw error;
        fault = error;
      }
    const { stage, steps, args } = this;
    return { stage, base, platform, steps, args, reasons, ...(fault && { fault }) };
  }

  private readAll(): void {
    for (const instruction of this.inherited()) {
      if (instruction.keyword !== 'ONBUILD') continue;
      if (!instruction.trigger) throw instruction.problem!;
      const at = { line: this.stage.from.line, column: this.stage.from.column };
      this.inTrigger = true;
      const step = this.step({ ...instruction.trigger, ...at });
      this.inTrigger = false;
      this.steps.push({ ...step, planned: { ...step.planned, from: 'base' as const } });
    }
    for (const instruction of this.stage.instructions) this.steps.push(this.step(instruction));
  }

  private inherited(): Instruction[] {
    if (this.parent) return this.parent.evaluated.stage.instructions;
    const { source } = this.graph.stages[this.stage.index]!;
    const triggers = source.kind === 'image' ? (source.onbuild ?? []) : [];
    if (triggers === 'unknown' || triggers.length === 0) return [];
    // An image keeps its triggers as text, and they are read without the file's directives.
    const text = triggers.map((trigger) => `ONBUILD ${trigger}\n`).join('');
    const { file, rules } = this.dockerfile;
    const reading = { escape: '\\', file, rules };
    return readLines(text, file, rules).lines.map((line) => parseInstruction(line, reading));
  }

  private step(instruction: Instruction): Step {
    return problemAt(this.dockerfile.file, instruction, () => {
      const step: Step = {
        instruction,
        planned: { keyword: instruction.keyword, text: '' },
        reads: [],
        substitutes: new Set(),
        values: [],
        wholeContext: [],
        uncacheable: [],
        cwd: this.cwd,
        plainShell: this.plainShell,
      };
      const mounts = this.apply(instruction, step);
      const shown = instruction.keyword === 'COPY' ? this.named(instruction) : instruction;
      step.planned.text = instructionText(shown, this.flagEscape, mounts);
      return step;
    });
  }

  /** Substitutes the variables of `word`, or gives `undefined` where a value is not known. */
  private substitute(word: string, step: Step): string | undefined {
    const expansion = this.scope.expand(word, this.escape);
    return this.noted(word, expansion, step).value;
  }

  private noted(word: string, expansion: Expansion, step: Step) {
    expansion.used.forEach((name) => step.substitutes.add(name));
    const isKnown = expansion.unknown.size === 0;
    const value = isKnown ? expansion.text : undefined;
    // Not to be substituted at all comes to the same where nothing is.
    if (value !== word) step.values.push([word, value]);
    return {
      value: isKnown ? expansion.text : undefined,
      words: isKnown ? expansion.words : undefined,
    };
  }

  private apply(instruction: Instruction, step: Step): string[] | undefined {
    switch (instruction.keyword) {
      case 'ARG':
        this.declare(instruction, step);
        return;
      case 'ENV': {
        // All pairs of one ENV see the values from before it.
        const values = instruction.pairs.map(({ name, value }) => ({
          name: this.substitute(name, step),
          value: this.substitute(value, step),
        }));
        for (const { name, value } of values)
          if (name !== undefined) this.scope.setEnv(name, value ?? unknown);
        return;
      }
      case 'COPY':
      case 'ADD':
        this.copy(instruction, step);
        return;
      case 'RUN':
        return this.run_(instruction, step);
      case 'LABEL':
        instruction.pairs.forEach(({ name, value }) => {
          this.substitute(name, step);
          this.substitute(value, step);
        });
        return;
      case 'EXPOSE':
        for (const word of instruction.words)
          refusePorts(
            this.noted(word, this.scope.expand(word, this.escape), step).words,
            this.dockerfile.rules,
          );
        return;
      case 'VOLUME':
        for (const word of instruction.words)
          refuseWord(instruction.keyword, this.substitute(word, step));
        return;
      case 'WORKDIR': {
        const path = this.substitute(instruction.word, step);
        const known = path !== undefined && (path.startsWith('/') || this.cwd !== undefined);
        this.cwd = known ? posix.resolve('/', this.cwd ?? '', path) : undefined;
        return;
      }
      case 'USER':
      case 'STOPSIGNAL':
        refuseWord(instruction.keyword, this.substitute(instruction.word, step));
        return;
      case 'SHELL':
        this.plainShell = /^(?:\/bin\/)?(?:ba|da)?sh(?: -[a-z]*| -o pipefail)* -[a-z]*c$/.test(
          instruction.words.join(' '),
        );
        return;
      default:
        return;
    }
  }

  private declare({ args }: Arg, step: Step): void {
    const read = (written: string | undefined): Value =>
      written === undefined ? undefined : (this.substitute(written, step) ?? unknown);
    // Up to 0.13 all values of one ARG see what was there before it, and none may be malformed.
    const early: { name: string | undefined; value: Value }[] | undefined =
      this.dockerfile.rules < 34
        ? args.map(({ name, value }) => ({ name: this.argName(name, step), value: read(value) }))
        : undefined;
    for (const [index, { name: writtenName, value: written }] of args.entries()) {
      const name = early ? early[index]!.name : writtenName;
      if (name === undefined) continue;
      let value: Value = this.graph.given.get(name);
      if (value === undefined) value = early ? early[index]!.value : read(written);
      if (value === undefined) value = this.graph.globalArgs.get(name);
      if (value === undefined) continue;
      this.scope.set(name, value);
      if (typeof value === 'string') this.args.set(name, value);
    }
  }

  /** Up to 0.13 a name is a word with variables. */
  private argName(name: string, step: Step): string | undefined {
    return /^\w+$/.test(name) ? name : this.substitute(name, step);
  }

  private copy(copy: Copy, step: Step): void {
    if (copy.chown) this.substitute(copy.chown, step);
    // Up to 0.13 the mode was no word with variables.
    const chmod =
      copy.chmod && this.dockerfile.rules >= 34 ? this.substitute(copy.chmod, step) : copy.chmod;
    const checksum = copy.checksum && this.substitute(copy.checksum, step);
    for (const heredoc of copy.heredocs)
      if (heredoc.expand) {
        const text = heredocText(heredoc);
        this.noted(text, this.scope.expandHeredoc(text), step);
      }
    const destination = this.substitute(copy.destination, step);
    const sources = copy.sources.map((source) => this.substitute(source, step));
    const known = sources.filter((source) => source !== undefined);
    if (copy.keyword === 'COPY') refuseRemote(known, this.dockerfile.rules);
    refuseChecksum(copy, known, checksum, this.dockerfile.rules);
    refuseMode(chmod, this.dockerfile.rules);
    if (copy.from !== undefined) {
      const source = this.graph.sourceOfCopy(this.stage, copy);
      this.sources.set(copy, source);
      this.readStage(source, known.length < sources.length ? 'all' : known, copy.line, step);
      return;
    }
    const local = known.filter((source) => {
      const remote =
        copy.keyword === 'ADD' ? remoteSource(source, checksum, this.dockerfile.rules) : undefined;
      if (remote && !remote.pinned)
        step.uncacheable.push({
          reason: `ADD ${source} has no ${remote.kind === 'git' ? 'commit' : '--checksum'}, so it may change unseen`,
          line: copy.line,
        });
      return !remote;
    });
    copy.sources.forEach((source, index) => {
      if (sources[index] === undefined)
        step.wholeContext.push({
          reason: `${copy.keyword} ${source}: a variable in it has no value that is known before the build`,
          line: copy.line,
        });
    });
    if (local.length === 0) return;
    step.reads.push({
      kind: 'copy',
      sources: local,
      exclude: copy.exclude,
      parents: copy.parents,
      unpack: copy.unpack ?? copy.keyword === 'ADD',
      ...(destination !== undefined && { destination }),
    });
  }

  private run_(run: Run, step: Step): string[] {
    return run.mounts.map((value) => {
      let open = false;
      const expand = (word: string) => {
        const text = this.substitute(word, step);
        open ||= text === undefined;
        return text ?? word;
      };
      const mount = parseMount(value, expand, this.dockerfile.rules);
      if (!open) refuseTarget(mount, step.cwd);
      this.readMount(run, mount, open, step);
      // With a variable in it, it stays as written: the values of variables are in the plan too.
      return value.includes('$') || value.includes(this.escape)
        ? value
        : mountText(this.named(mount));
    });
  }

  /** `from` by the stage's unique name, so that the plan can be built without the other stages. */
  private named<T extends { from?: string }>(reader: T): T {
    const source = this.sources.get(reader);
    if (source?.kind !== 'stage') return reader;
    return { ...reader, from: this.dockerfile.stages[source.stage]!.name };
  }

  private readMount(run: Run, mount: Mount, open: boolean, step: Step): void {
    if (mount.type === 'tmpfs' || mount.type === 'secret' || mount.type === 'ssh') return;
    if (mount.from !== undefined) {
      const source = this.graph.sourceOfMount(this.stage, mount.from, run);
      this.sources.set(mount, source);
      this.readStage(source, open ? 'all' : [mount.source ?? '/'], run.line, step);
    } else if (mount.type === 'bind' && open)
      step.wholeContext.push({
        reason: `RUN --mount source=${mount.source}: a variable in it has no value that is known before the build`,
        line: run.line,
      });
    else if (mount.type === 'bind')
      step.reads.push({
        kind: 'bind',
        source: mount.source ?? '',
        ...(mount.target !== undefined && { target: mount.target }),
      });
  }

  private readStage(source: StageSource, paths: string[] | 'all', line: number, step: Step): void {
    if (source.kind === 'image' && this.inTrigger && this.dockerfile.rules < 34)
      throw new SyntaxProblem('a trigger cannot copy or mount from an image, name a stage instead');
    if (source.kind === 'scratch') return;
    if (source.kind === 'stage') {
      step.reads.push({ kind: 'stage', stage: source.stage, paths });
      return;
    }
    step.reads.push({ kind: 'image', reference: source.reference, digest: source.digest });
    if (source.uncacheable) step.uncacheable.push({ reason: source.uncacheable, line });
  }
}
