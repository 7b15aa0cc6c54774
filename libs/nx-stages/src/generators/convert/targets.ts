import { posix } from 'node:path';
import type { TargetConfiguration } from '@nx/devkit';
import { stageTarget } from '@excel2doc/stages';
import type { BuildSettings, Notes } from './note';

export interface ProjectShape {
  root: string;
  /** The name that the plugin gives the image. */
  image: string;
  /** Of its Dockerfile. */
  stages: string[];
  /** What the old target ran after. */
  dependsOn: TargetConfiguration['dependsOn'];
}

/**
 * What project.json has to say for the inferred targets to do what the old one did. What the plugin
 * infers anyway is left out.
 */
export function convertedTargets(
  settings: BuildSettings,
  { root, image, stages, dependsOn }: ProjectShape,
  notes: Notes,
): Record<string, TargetConfiguration> {
  const targets: Record<string, TargetConfiguration> = {};
  const at = (name: string) => (targets[name] ??= {});
  const option = (names: string[], values: Record<string, unknown>) => {
    if (Object.keys(values).length === 0) return;
    for (const name of names) at(name).options = { ...at(name).options, ...values };
  };
  const planning = ['docker-plan', 'docker-explain'];
  const { dockerfile = posix.join(root, 'Dockerfile'), buildArgs, platforms, stage } = settings;
  const { context = posix.dirname(dockerfile) } = settings;
  if (context !== posix.dirname(dockerfile)) {
    const building = ['docker-build', 'docker-push'];
    option([...planning, ...stages.map((name) => stageTarget(name)), ...building], { context });
  }
  if (Object.keys(buildArgs).length > 0) option(planning, { buildArgs });
  if (platforms.length > 0) option(planning, { platforms });
  const { secrets, ssh, labels, annotations, tagEntries } = settings;
  option(['docker-plan'], filled({ secrets, ssh }));
  option(['docker-build', 'docker-push'], filled({ labels, annotations, tags: tagEntries }));
  if (stage !== undefined && stage !== stages.at(-1)) {
    for (const name of ['docker-build', 'docker-push']) {
      option([name], { stage });
      at(name).dependsOn = [stageTarget(stage)];
    }
  }
  if (dependsOn?.length) {
    // What the image copies has to be there when the context is read.
    at('docker-plan').dependsOn = dependsOn;
    notes.add('carried', 'dependsOn', 'dependsOn of docker-plan');
  }
  takeTags(settings, image, notes, (name) => {
    option(['docker-build', 'docker-push'], { image: name });
    option(['docker-push'], { repository: name });
  });
  return targets;
}

const filled = (lists: Record<string, string[]>) =>
  Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));

function takeTags(
  { tags }: BuildSettings,
  image: string,
  notes: Notes,
  setName: (name: string) => void,
): void {
  const [first, ...others] = tags.map((each) => /^(.*?)(?::([^/]+))?$/.exec(each) ?? []);
  const name = first?.[1];
  if (name === undefined) return;
  if (/[{}$]/.test(name)) {
    notes.add('to-do', 'tags', `set imageName or registry of the plugin: ${name} has variables`);
    return;
  }
  if (name !== image) {
    setName(name);
    notes.add('carried', 'tags', `name of the image: ${name}`);
  }
  const tag = first?.[2];
  if (tag !== undefined || others.length > 0) {
    const shown = [tag, ...others.map((each) => each[0])].filter(Boolean).join(', ');
    notes.add(
      'to-do',
      'tags',
      `images are tagged dev, the commit and the digest; for ${shown} give --tag or NX_STAGES_TAG`,
    );
  }
}
