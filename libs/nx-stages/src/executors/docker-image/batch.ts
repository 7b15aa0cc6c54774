import type { ExecutorContext, NxJsonConfiguration, Task, TaskGraph } from '@nx/devkit';
import type { LoadStart } from '@excel2doc/stages';
import { keepSaid } from '../../run/said';
import { failed, sayLine } from '../report';
import { awaitsLookUp } from './look-up';
import { loadTask, startOfLoad } from './load';
import { makeTask } from './make';
import { type ImageOptions, isLoad } from './options';
import { refuseOptions } from './refuse-options';

/** How a task of a batch ended, as Nx is told; @nx/devkit has another type under this name. */
interface TaskResult {
  success: boolean;
  terminalOutput: string;
  startTime: number;
  endTime: number;
}

/** As many as Nx runs at once where nobody says otherwise. */
const AT_ONCE = 3;

/**
 * What has to be run of a workspace's images, in this one process: each task when those below it have
 * ended, each with its output and its result of its own. What this process prints Nx shows at once and
 * keeps nowhere: that is where one sees a step that is built. What stands on a task that failed is left
 * out, which Nx takes for skipped.
 *
 * A task whose image may be kept already, now that the ones below it came out as they did before, is
 * left out as well: Nx looks it up then, and asks again for what it has not found.
 */
export default async function* dockerImages(
  { tasks, dependencies }: TaskGraph,
  options: Record<string, ImageOptions>,
  _overrides: unknown,
  context: ExecutorContext,
): AsyncGenerator<{ task: string; result: TaskResult }> {
  const waiting = new Map(Object.entries(tasks));
  const running = new Map<string, Promise<{ id: string; result: Result }>>();
  const atOnce = mostAtOnce(context.nxJsonConfiguration);
  const starts = new Map<string, LoadStart>();
  const isNoneBelow = (id: string, tasksThere: ReadonlyMap<string, unknown>) =>
    (dependencies[id] ?? []).every((below) => !tasksThere.has(below));
  for (;;) {
    const ready = [...waiting].filter(
      ([id]) => isNoneBelow(id, waiting) && isNoneBelow(id, running),
    );
    const next = ready.slice(0, atOnce - running.size);
    for (const [id, task] of next) {
      waiting.delete(id);
      running.set(
        id,
        run(task, options[id]!, context, starts.get(id)).then((result) => ({ id, result })),
      );
    }
    // Where others wait for a turn, a load would, too, and ask once more when it has its own.
    if (next.length === ready.length)
      for (const [id, task] of waiting)
        if (!starts.has(id) && isNoneBelow(id, waiting))
          startEarly(id, task, options[id]!, context, starts);
    if (running.size === 0) break;
    const { id, result } = await Promise.race(running.values());
    running.delete(id);
    if (result === 'look up' || !result.success) leaveOut(id, waiting, dependencies);
    if (result === 'look up') continue;
    const { later, ...now } = result;
    const told: TaskResult = now;
    yield { task: id, result: told };
    // Nx has printed it; what it keeps is taken from the same object when the batch ends.
    if (later === undefined) continue;
    keepSaid(context.root, process.ppid, id, told.terminalOutput);
    told.terminalOutput = `${later}\n`;
  }
  // Nothing is asked of this process any more. It ends by itself when Nx has been told: Nx would
  // otherwise stop it, and look only after a tenth of a second whether it has.
  process.channel?.unref();
}

type Result = (TaskResult & { later?: string }) | 'look up';

/** With all that stands on it. */
function leaveOut(
  id: string,
  waiting: Map<string, Task>,
  dependencies: TaskGraph['dependencies'],
): void {
  for (const above of waiting.keys()) {
    if (!dependencies[above]?.includes(id)) continue;
    waiting.delete(above);
    leaveOut(above, waiting, dependencies);
  }
}

/** A load whose image is being made asks the engine and git meanwhile. */
function startEarly(
  id: string,
  task: Task,
  options: ImageOptions,
  context: ExecutorContext,
  starts: Map<string, LoadStart>,
): void {
  if (isLoad(options) && !options.fresh)
    starts.set(id, startOfLoad(options, ofTask(task, context)));
}

const ofTask = (task: Task, context: ExecutorContext) => ({
  ...context,
  projectName: task.target.project,
  targetName: task.target.target,
  task,
});

async function run(
  task: Task,
  options: ImageOptions,
  context: ExecutorContext,
  start: LoadStart | undefined,
): Promise<Result> {
  const own = ofTask(task, context);
  if (!isLoad(options) && (await awaitsLookUp(options, task, own))) return 'look up';
  const startTime = Date.now();
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  let later: string | undefined;
  const isDone = async () => {
    refuseOptions(task.id, options);
    if (!isLoad(options)) return makeTask(options, own, say, sayLine);
    const text = await loadTask(options, own, start);
    text.now.forEach(say);
    later = text.later;
  };
  const success = await isDone().then(
    () => true,
    async (error: unknown) => {
      (await failed(error)).forEach(say);
      return false;
    },
  );
  const terminalOutput = lines.map((line) => `${line}\n`).join('');
  const result = { success, terminalOutput, startTime, endTime: Date.now() };
  return later === undefined ? result : { ...result, later };
}

/** A batch is not told what was typed. */
function mostAtOnce(nxJson: NxJsonConfiguration | undefined): number {
  const given = Number(process.env['NX_PARALLEL'] ?? nxJson?.parallel);
  return Number.isInteger(given) && given > 0 ? given : AT_ONCE;
}
