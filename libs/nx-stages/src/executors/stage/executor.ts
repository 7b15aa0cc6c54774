import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serialisePlan } from '@excel2doc/dockerfile';
import type { ExecutorContext } from '@nx/devkit';
import type { Engine } from '@excel2doc/engine';
import { baseImages, withHealing } from '../../build/healing';
import { publishLayers } from '../../build/layer-store';
import type { Method } from '../../build/method';
import { buildStage } from '../../build/stage';
import { writeBuildTime } from '../../build/time';
import { Outputs } from '../../build/outputs';
import { Bases } from '../../build/bases';
import { engineOf } from '../../engine-choice';
import { stageFolder } from '../../infer/paths';
import { BUILT_PLAN } from '../../plan/explain';
import { readPlan } from '../../plan/read';
import { outputHome } from '../../project';
import { report } from '../../report';
import type { DockerOptions } from '../options';

interface Options extends DockerOptions {
  stage: string;
  layerRepository?: string;
}

/** Makes one stage's thin output, for every platform of its plan. */
export default function stage(options: Options, context: ExecutorContext) {
  return report(async () => {
    const projectRoot = outputHome(context, options);
    const [plan, bases] = await Promise.all([
      readPlan(context.root, projectRoot, options.stage),
      Bases.read(context.root, options.lockFile, projectRoot),
    ]);
    const { builder } = plan;
    let engine: Promise<Engine> | undefined;
    const start = performance.now();
    for (const each of plan.platforms) {
      const outputs = new Outputs(context.root, projectRoot, each.platform, bases);
      const shared = {
        ...{ outputs, bases, builders: options.builders, compression: plan.compression?.kind },
        engine: () => (engine ??= engineOf(context)()),
      };
      const contextDir = join(context.root, options.context);
      const { record, method } = await withHealing(
        { ...shared, context, contextPath: options.context, variant: options.variant },
        { stages: each.stages, images: baseImages(each) },
        () => buildStage({ stage: options.stage, plan: each, builder, contextDir, ...shared }),
      );
      if (options.layerRepository)
        await publishLayers(outputs.folder(options.stage), record, options.layerRepository);
      const how = howText(method);
      process.stdout.write(`${options.stage} ${each.platform} ${record.digest} (${how})\n`);
    }
    const folder = join(context.root, stageFolder(projectRoot, options.stage));
    await writeFile(join(folder, BUILT_PLAN), serialisePlan(plan));
    await writeBuildTime(folder, performance.now() - start);
  });
}

function howText(method: Method): string {
  if (method.kind === 'buildkit') return `by BuildKit: ${method.reason}`;
  return method.kind === 'podman' ? 'its RUN steps by Podman' : 'assembled';
}
