import type { ExecutorContext } from '@nx/devkit';
import { type ComposeOptions, openCompose } from '@excel2doc/services';
import { confirmByName } from '@excel2doc/stages';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends ComposeOptions {
  volumes: boolean;
  confirm?: string;
}

/** Containers and networks go, one-off ones too; volumes stay unless they are asked for by name. */
export default function composeDown(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { engine, compose, config } = await openCompose(options, projectOf(context));
    if (options.volumes) {
      const filter = `label=com.docker.compose.project=${config.name}`;
      const { stdout } = await engine.command(['volume', 'ls', '--quiet', '--filter', filter]);
      const volumes = stdout.split('\n').filter(Boolean);
      if (volumes.length > 0)
        await confirmByName(`What is in ${volumes.join(', ')}`, config.name, options.confirm);
    }
    await compose.down({ volumes: options.volumes });
  });
}
