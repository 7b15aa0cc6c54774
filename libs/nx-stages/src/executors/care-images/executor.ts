import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { type ImageRecord, bytesText } from '@excel2doc/oci';
import { DockerProject, outputRoot, Outputs, printTable } from '@excel2doc/stages';
import { recordSize, short } from '@excel2doc/services';
import { projectOf } from '../project';
import { report } from '../report';

interface Options {
  image: string;
  stages: string[];
  lockFile: string;
  json: boolean;
}

/** What each stage adds, what the engine holds of it, and how the size went over the builds. */
export default function images(options: Options, context: ExecutorContext) {
  return report(async () => {
    const project = new DockerProject(projectOf(context), { ...options, context: '.' });
    const engine = await project.engine();
    const outputs = await Outputs.open(project, engine.platform);
    const built: { stage: string; record: ImageRecord }[] = [];
    for (const stage of options.stages) {
      const output = await outputs.read(stage).catch(() => undefined);
      if (output) built.push({ stage, record: output.record });
    }
    const loaded = await engine.listImages([`reference=${options.image}`]);
    const last = built.at(-1);
    const trend = last
      ? await recordSize(project.absolute(join(outputRoot(project.home), 'sizes.jsonl')), {
          at: new Date().toISOString(),
          stage: last.stage,
          digest: last.record.digest,
          sizeBytes: last.record.sizeBytes,
        })
      : [];
    if (options.json) {
      process.stdout.write(
        `${JSON.stringify({ stages: built, engine: loaded, trend }, undefined, 2)}\n`,
      );
      return;
    }
    printTable(
      ['stage', 'digest', 'adds', 'layers', 'whole image', 'on top of'],
      built.map(({ stage, record }) => [
        stage,
        short(record.digest),
        bytesText(record.ownSizeBytes),
        `${record.layers.filter(({ from }) => from === 'self').length} of ${record.layers.length}`,
        bytesText(record.sizeBytes),
        baseOf(record),
      ]),
    );
    process.stdout.write('\nin the engine\n');
    printTable(
      ['image', 'id', 'unpacked'],
      loaded.map(({ repository, tag, id, size }) => [`${repository}:${tag}`, short(id), size]),
    );
    if (trend.length > 1) {
      process.stdout.write('\nover the builds that were looked at\n');
      printTable(
        ['at', 'digest', 'size', 'change'],
        trend.slice(-10).map((point, at, shown) => {
          const before = shown[at - 1]?.sizeBytes ?? point.sizeBytes;
          const change = point.sizeBytes - before;
          const sign = change < 0 ? '-' : '+';
          return [
            point.at,
            short(point.digest),
            bytesText(point.sizeBytes),
            `${sign}${bytesText(Math.abs(change))}`,
          ];
        }),
      );
    }
  });
}

function baseOf({ base }: ImageRecord): string {
  if (base.kind === 'scratch') return 'scratch';
  return base.kind === 'stage' ? base.stage : base.reference;
}
