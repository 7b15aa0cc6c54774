import type { BuildSettings, Fate, Notes } from './note';

/** What a setting of either tool is called here, and what becomes of those that nothing is made of. */
const OTHERS: Record<string, [fate: Fate, text: string]> = {
  'cache-from': ['not-needed', 'stages come from the Nx cache, local or remote'],
  'cache-to': ['not-needed', 'stages go into the Nx cache, local or remote'],
  load: ['not-needed', 'docker-build always puts the image into the engine'],
  quiet: ['not-needed', 'a stage that is a hit prints nothing'],
  provenance: ['not-needed', 'it would give another digest with every build, so it is off'],
  sbom: ['carried', 'docker-push attaches an SBOM; --sbom=false leaves it out'],
  'no-cache': ['to-do', 'run with --skip-nx-cache when a stage must be built anew'],
  pull: ['to-do', 'run docker-lock --update when base images shall be newer: they are locked'],
  labels: ['to-do', 'write them into the Dockerfile: LABEL, with an ARG for what changes'],
  builder: ['to-do', 'set BUILDX_BUILDER where the targets run'],
  engine: ['to-do', 'the Docker that answers is used; remove the setting where it says podman'],
  'metadata.tags': ['to-do', 'run docker-push with --tag, or set NX_STAGES_TAG, in CI'],
  outputs: ['no-equivalent', 'dist/<project>/docker holds the OCI layout of every stage'],
  secrets: [
    'no-equivalent',
    'a stage that needs a secret cannot be built yet; keep the old target',
  ],
  'secret-files': ['no-equivalent', 'as for secrets: keep the old target for this image'],
  ssh: ['no-equivalent', 'as for secrets: keep the old target for this image'],
  'build-contexts': ['no-equivalent', 'COPY from a folder of the context, or from an image'],
};

/** Says what becomes of a setting that nothing is made of. */
export function noteOther(notes: Notes, setting: string): void {
  const [fate, text] = OTHERS[setting] ?? [
    'no-equivalent',
    'BuildKit runs with its default; keep the old target where the build needs it',
  ];
  notes.add(fate, setting, text);
}

/** `A=b`. A name alone takes its value from the environment, which no cache key sees. */
export function takeBuildArg(settings: BuildSettings, notes: Notes, word: string): void {
  const at = word.indexOf('=');
  const name = at < 0 ? word : word.slice(0, at);
  if (at < 0 || /\$\{?\w|\{[\w.]+\}/.test(word)) {
    notes.add(
      'to-do',
      `build-args ${name}`,
      `its value comes from the environment: give it with --buildArgs.${name}=…`,
    );
    return;
  }
  settings.buildArgs[name] = word.slice(at + 1);
  notes.add('carried', `build-args ${name}`, 'buildArgs of docker-plan');
}

export function takePlatforms(settings: BuildSettings, notes: Notes, platforms: string[]): void {
  settings.platforms.push(...platforms.flatMap((each) => each.split(',')).filter(Boolean));
  notes.add('carried', 'platforms', `platforms of docker-plan: ${settings.platforms.join(', ')}`);
}

export function takeStage(settings: BuildSettings, notes: Notes, stage: string): void {
  settings.stage = stage;
  notes.add('carried', 'target', `docker-build and docker-push take stage ${stage}`);
}
