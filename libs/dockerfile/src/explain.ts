import type { PlanFile, StageBase, StagePlan } from './plan';

/** One reason why two plans of a stage have different keys, by name. */
export type Difference =
  | { kind: 'file'; path: string; change: 'added' | 'removed' | 'content' | 'mode' | 'type' }
  | { kind: 'instruction'; change: 'added' | 'removed'; text: string }
  | { kind: 'argument'; name: string; before: string | undefined; after: string | undefined }
  | { kind: 'base'; before: string; after: string }
  | { kind: 'image'; reference: string; before: string | undefined; after: string | undefined }
  | { kind: 'stage'; stage: string; change: 'added' | 'removed' }
  | { kind: 'output'; before: string; after: string }
  | { kind: 'platform'; before: string; after: string }
  | { kind: 'frontend'; before: string; after: string }
  | { kind: 'wholeContext' | 'uncacheable'; change: 'added' | 'removed'; reason: string };

/** What differs between two plans of one stage: empty when, and only when, their keys are equal. */
export function explainDifference(before: StagePlan, after: StagePlan): Difference[] {
  const scalars = [
    ['platform', before.platform, after.platform],
    ['output', outputText(before), outputText(after)],
    ['base', baseText(before.base), baseText(after.base)],
    ['frontend', frontendText(before), frontendText(after)],
  ] as const;
  const images = (plan: StagePlan) =>
    Object.fromEntries(
      plan.images.map(({ reference, digest }) => [reference, digest ?? 'not locked']),
    );
  return [
    ...scalars.flatMap(([kind, old, now]) =>
      old === now ? [] : [{ kind, before: old, after: now }],
    ),
    ...changedValues(before.args, after.args).map(({ key, ...change }) => ({
      kind: 'argument' as const,
      name: key,
      ...change,
    })),
    ...changedValues(images(before), images(after)).map(({ key, ...change }) => ({
      kind: 'image' as const,
      reference: key,
      ...change,
    })),
    ...changedItems(before.stages, after.stages).map(({ item, change }) => ({
      kind: 'stage' as const,
      stage: item,
      change,
    })),
    ...instructionChanges(before, after),
    ...fileChanges(before.files, after.files),
    ...(['wholeContext', 'uncacheable'] as const).flatMap((kind) => {
      const reasons = (plan: StagePlan) => plan[kind].map(({ reason }) => reason);
      return changedItems(reasons(before), reasons(after)).map(({ item, change }) => ({
        kind,
        change,
        reason: item,
      }));
    }),
  ];
}

/** One line for a person: `requirements.txt: content changed`. */
export function differenceText(difference: Difference): string {
  switch (difference.kind) {
    case 'file':
      return `${JSON.stringify(difference.path).slice(1, -1)}: ${{ added: 'added', removed: 'removed', content: 'content changed', mode: 'mode changed', type: 'is something else now' }[difference.change]}`;
    case 'instruction':
      return `${difference.change === 'added' ? '+' : '-'} ${difference.text.split('\n')[0]}`;
    case 'argument':
      return `ARG ${difference.name}: ${difference.before ?? 'unset'} -> ${difference.after ?? 'unset'}`;
    case 'image':
      return `image ${difference.reference}: ${difference.before ?? 'not used'} -> ${difference.after ?? 'not used'}`;
    case 'stage':
      return `${difference.change === 'added' ? 'now builds' : 'no longer builds'} on stage ${difference.stage}`;
    case 'wholeContext':
    case 'uncacheable':
      return `${difference.change === 'added' ? 'now' : 'no longer'} ${difference.kind === 'uncacheable' ? 'uncacheable' : 'reads the whole context'}: ${difference.reason}`;
    default:
      return `${difference.kind}: ${difference.before} -> ${difference.after}`;
  }
}

function outputText({ output }: StagePlan): string {
  return output.kind === 'image' ? 'image' : output.paths.join(' ');
}

function baseText(base: StageBase): string {
  if (base.kind === 'scratch') return 'scratch';
  if (base.kind === 'stage') return `stage ${base.stage}`;
  return [base.reference, base.digest ?? 'not locked', base.platform].filter(Boolean).join(' ');
}

function frontendText({ frontend = {} }: StagePlan): string {
  return (
    Object.entries(frontend)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ') || 'default'
  );
}

function changedValues(before: Record<string, string>, after: Record<string, string>) {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys
    .filter((key) => before[key] !== after[key])
    .map((key) => ({ key, before: before[key], after: after[key] }));
}

function changedItems(before: string[], after: string[]) {
  const [old, now] = [new Set(before), new Set(after)];
  return [
    ...[...old]
      .filter((item) => !now.has(item))
      .map((item) => ({ item, change: 'removed' as const })),
    ...[...now]
      .filter((item) => !old.has(item))
      .map((item) => ({ item, change: 'added' as const })),
  ];
}

// Between the first and the last instruction that differ: what stands there was taken out or put in.
function instructionChanges(before: StagePlan, after: StagePlan): Difference[] {
  const texts = (plan: StagePlan) =>
    plan.instructions.map(({ text, from }) => (from ? `${text} (${from})` : text));
  const [old, now] = [texts(before), texts(after)];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  while (old.length > start && now.length > start && old.at(-1) === now.at(-1)) {
    old.pop();
    now.pop();
  }
  return [
    ...old
      .slice(start)
      .map((text) => ({ kind: 'instruction' as const, change: 'removed' as const, text })),
    ...now
      .slice(start)
      .map((text) => ({ kind: 'instruction' as const, change: 'added' as const, text })),
  ];
}

function fileChanges(before: PlanFile[], after: PlanFile[]): Difference[] {
  const [old, now] = [byPath(before), byPath(after)];
  const paths = [...new Set([...old.keys(), ...now.keys()])].sort();
  return paths.flatMap((path) => {
    const [was, is] = [old.get(path), now.get(path)];
    const change = (what: (Difference & { kind: 'file' })['change']): Difference[] => [
      { kind: 'file', path, change: what },
    ];
    if (!was) return change('added');
    if (!is) return change('removed');
    if (was.map(({ type }) => type).join() !== is.map(({ type }) => type).join())
      return change('type');
    if (was.map(contentText).join() !== is.map(contentText).join()) return change('content');
    return was.map(({ mode }) => mode).join() === is.map(({ mode }) => mode).join()
      ? []
      : change('mode');
  });
}

function byPath(files: PlanFile[]): Map<string, PlanFile[]> {
  const found = new Map<string, PlanFile[]>();
  for (const file of files) found.set(file.path, [...(found.get(file.path) ?? []), file]);
  return found;
}

function contentText(file: PlanFile): string {
  if (file.type === 'directory') return '';
  const same = file.sameAs ?? '';
  if (file.type === 'symlink') return `${file.link} ${same}`;
  return file.type === 'file' ? `${file.digest} ${file.by ?? ''} ${same}` : same;
}
