import { bytesText } from '@excel2doc/oci';
import type { ExecutorContext } from '@nx/devkit';
import { parseUsage, printTable, StagesError } from '@excel2doc/stages';
import { type ComposeOptions, openCompose, projectContainers } from '@excel2doc/services';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends ComposeOptions {
  live?: boolean;
  json: boolean;
}

/** What this project's containers use: live on a terminal, else once. */
export default function stats(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { engine, config } = await openCompose(options, projectOf(context));
    const containers = await projectContainers(engine, config.name);
    const running = containers.filter(({ state }) => state === 'running');
    if (running.length === 0) {
      throw new StagesError('NOT_HEALTHY', {
        message: `No container of ${config.name} runs`,
        hint: 'Start them: compose-up',
      });
    }
    const names = running.map(({ name }) => name);
    const live = options.live ?? (process.stdout.isTTY === true && !options.json);
    if (live) {
      await engine.command(['stats', ...names], { output: 'terminal', allowFailure: true });
      return;
    }
    const services = new Map(running.map(({ name, service }) => [name, service]));
    const args = ['stats', '--no-stream', '--format', '{{json .}}', ...names];
    const { stdout } = await engine.command(args);
    const usage = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => parseUsage(line, services));
    if (options.json) {
      process.stdout.write(`${JSON.stringify(usage, undefined, 2)}\n`);
      return;
    }
    printTable(
      ['service', 'cpu', 'memory', 'limit', 'network in / out', 'disk read / written', 'processes'],
      usage.map((each) => [
        each.service,
        `${each.cpuPercent.toFixed(1)} %`,
        bytesText(each.memoryBytes),
        bytesText(each.memoryLimitBytes),
        `${bytesText(each.networkInBytes)} / ${bytesText(each.networkOutBytes)}`,
        `${bytesText(each.diskReadBytes)} / ${bytesText(each.diskWrittenBytes)}`,
        String(each.processes),
      ]),
    );
  });
}
