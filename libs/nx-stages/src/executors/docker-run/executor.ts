import { randomBytes } from 'node:crypto';
import type { ExecutorContext } from '@nx/devkit';
import { type Engine, failureOf, locateEngine } from '@excel2doc/engine';
import { commandArguments, homeOf, imageTag, loadedName, StagesError } from '@excel2doc/stages';
import { projectOf } from '../project';
import { report, sayLine } from '../report';
import { type Container, type ContainerOptions, runArguments, variables } from './arguments';
import { EndWithUs } from './end-with-us';
import { refuseTakenPorts } from './ports';
import { throughStderr } from './through-stderr';

interface Options extends ContainerOptions {
  image: string;
  tag?: string;
  skipDefaultTag?: boolean;
  variant?: string;
  args?: string[];
}

/** What may stand before `--` and is ours. */
const OWN = [
  ...['image', 'tag', 'skipDefaultTag', 'variant', 'ports', 'env', 'envFile', 'volumes', 'name'],
  ...['rm', 'detach', 'command', 'runArgs', 'configuration', 'verbose'],
];

/** Runs the project's image until it ends or somebody ends it. */
export default function dockerRun(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { root, name: project, folder, engineChoice } = projectOf(context);
    const { image, tag, skipDefaultTag, variant } = options;
    const loaded = skipDefaultTag && loadedName(root, { home: homeOf(folder, variant), image });
    const id = randomBytes(6).toString('hex');
    const engine = await locateEngine({ choice: engineChoice });
    await refuseTakenPorts(options.ports);
    await run(engine, options, {
      root,
      label: `nx-stages.run=${id}`,
      more: commandArguments(options.args, OWN),
      image: tag === undefined && loaded ? loaded : `${image}:${imageTag(tag)}`,
      name: options.name ?? `${project.replaceAll(/[^A-Za-z0-9]+/g, '-')}-run-${id}`,
    });
  });
}

async function run(engine: Engine, options: Options, container: Container): Promise<void> {
  const { image, name, label } = container;
  const ending = options.detach
    ? undefined
    : await EndWithUs.start(engine, label, { keep: options.rm === false });
  try {
    const { exitCode, stderr } = await engine.command(runArguments(options, container), {
      ...(!options.detach && { sink: process.stdout }),
      env: variables(options),
      onStderr: throughStderr,
      allowFailure: true,
    });
    if (exitCode === 0 && options.detach)
      sayLine(`${name} runs ${image}; \`docker rm --force ${name}\` ends it`);
    if (exitCode === 0 || ending?.isAsked) return;
    throw failed(container, { exitCode, stderr });
  } finally {
    await ending?.done();
  }
}

function failed({ image, name }: Container, said: { exitCode: number; stderr: string }) {
  const { exitCode, stderr } = said;
  if (/container name "\/?[^"]+" is already in use/.test(stderr))
    return new StagesError('NAME_TAKEN', {
      message: `There is a container ${name} already`,
      hint: `Remove it (\`docker rm --force ${name}\`), or give another one: --name=NAME`,
    });
  // 125 is the client's own failure, unless the program ended with it.
  if (exitCode === 125 && /^(docker|Error): /m.test(stderr)) return failureOf('docker run', said);
  return new StagesError('COMMAND_FAILED', {
    message: `${image} ended with exit status ${exitCode}`,
    hint: 'What it said stands above',
  });
}
