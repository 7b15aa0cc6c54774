import type { ExecutorContext } from '@nx/devkit';
import { openImageStore } from '@excel2doc/engine';
import { Bases } from '../../build/bases';
import { withHealing } from '../../build/healing';
import { loadStage } from '../../build/load';
import { Outputs } from '../../build/outputs';
import { imageTags } from '../../build/tags';
import { loadedText } from '../../build-report/transfer';
import { engineChoice, engineOf } from '../../engine-choice';
import { outputHome } from '../../project';
import { report } from '../../report';
import type { DockerOptions } from '../options';

interface Options extends DockerOptions {
  stage: string;
  image: string;
  tag?: string;
}

/** The image of a stage in the engine, tagged with a name, the commit and its own digest. */
export default function load(options: Options, context: ExecutorContext) {
  return report(async () => {
    const home = outputHome(context, options);
    const [engine, bases] = await Promise.all([
      openImageStore({ choice: engineChoice(context) }),
      Bases.read(context.root, options.lockFile, home),
    ]);
    const outputs = new Outputs(context.root, home, engine.platform, bases);
    const { context: contextPath, variant, builders } = options;
    const healing = { context, contextPath, variant, builders, outputs, bases };
    const load = async () => {
      const { record } = await outputs.read(options.stage);
      const tags = imageTags(context.root, record.digest, options.tag);
      const [first = '', ...others] = tags.map((tag) => `${options.image}:${tag}`);
      const { how, sentBytes } = await loadStage(
        engine,
        outputs,
        options.stage,
        [first, ...others],
        engineOf(context),
      );
      process.stdout.write(`${first} ${record.digest} (${loadedText(how, sentBytes)})\n`);
    };
    await withHealing({ ...healing, engine: engineOf(context) }, { stages: [options.stage] }, load);
  });
}
