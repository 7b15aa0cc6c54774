import { Repository } from '@excel2doc/oci';
import { loadImage } from '../build/load-image';
import { makeStage, type StageToMake } from '../build/make-stage';
import { pushStage } from '../build/push';
import { description } from '../names/description';
import { imageTags } from '../names/tags';
import { readFacts } from '../names/read-facts';
import { loadedText, pushedText } from '../build/transfer';
import { writePlans } from '../plan/write';
import type { DockerOptions } from '../workspace/docker-options';
import { DockerProject } from '../workspace/docker-project';
import { failureLine } from '../workspace/failure';
import type { WorkspaceProject } from '../workspace/workspace-project';

export type StepName = 'plan' | 'stage' | 'load' | 'push';

/** One step of the way from a Dockerfile to an image, as plain data. */
export interface Step {
  name: StepName;
  project: WorkspaceProject;
  options: DockerOptions;
  rest?: Partial<DockerOptions & StageToMake>;
  stage?: string;
  image: string;
  repository?: string;
}

/** Does what the executor of that name does, on a workspace without Nx. */
export async function runStep(step: Step, say: (line: string) => void): Promise<void> {
  const { name, options, rest, stage = '', image } = step;
  const project = new DockerProject(step.project, { ...options, ...rest });
  const tag = 'test';
  if (name === 'plan') await writePlans(project, say);
  if (name === 'stage') await makeStage(project, { ...rest, stage }, say);
  if (name === 'load') {
    const {
      name: loaded,
      digest,
      how,
      sentBytes,
    } = await loadImage(project, { stage, image, tag });
    say(`${loaded} ${digest} (${loadedText(how, sentBytes)})`);
  }
  if (name === 'push') {
    const repository = new Repository(step.repository ?? '');
    try {
      const facts = await readFacts(project, { tag });
      const tags = (digest: string) => imageTags({ tag }, facts, digest).tags;
      const said = description({}, facts);
      const what = { project, stage, name: image, repository, tags, sbom: true, said };
      const pushed = await pushStage(what);
      for (const { platform, uploadedBytes, blobs } of pushed.platforms)
        say(`${platform}: ${pushedText(uploadedBytes, blobs)}`);
      say(`${repository.name}@${pushed.digest} as ${pushed.tags.join(', ')}`);
    } finally {
      await repository.close();
    }
  }
}

/**
 * Run as a process of its own, to be killed or by another Node: one step, in JSON. Says `ready` when
 * it begins.
 */
async function main([step]: string[]): Promise<void> {
  process.stdout.write('ready\n');
  try {
    await runStep(JSON.parse(step!) as Step, (line) => void process.stdout.write(`${line}\n`));
  } catch (error) {
    process.stderr.write(`${failureLine(error)}\n`);
    process.exitCode = 1;
  }
}

if (process.argv[1] === __filename) void main(process.argv.slice(2));
