import { checkDescription, parseTemplates } from '@excel2doc/stages';
import type { BuildSettings, Fate, Notes } from './note';

/** What a setting of either tool is called here, and what becomes of those that nothing is made of. */
const OTHERS: Record<string, [fate: Fate, text: string]> = {
  'cache-from': ['not-needed', 'stages come from the Nx cache, local or remote'],
  'cache-to': ['not-needed', 'stages go into the Nx cache, local or remote'],
  load: ['not-needed', 'docker-build always puts the image into the engine'],
  quiet: ['not-needed', 'a stage that is a hit prints nothing'],
  provenance: ['not-needed', 'it would give another digest with every build, so it is off'],
  sbom: ['carried', 'docker-push attaches an SBOM; --sbom=false leaves it out'],
  'no-cache': ['to-do', 'run docker-build --fresh when RUN steps shall be made anew'],
  pull: ['to-do', 'run docker-lock --update when base images shall be newer: they are locked'],
  builder: ['to-do', 'set BUILDX_BUILDER where the targets run'],
  engine: ['to-do', 'the Docker that answers is used; remove the setting where it says podman'],
  'metadata.flavor': ['to-do', 'write prefixes and suffixes into the entries of tags'],
  outputs: ['no-equivalent', 'dist/<project>/docker holds the OCI layout of every stage'],
  'build-contexts': [
    'to-do',
    'name them in a Bake or Compose file, as contexts or additional_contexts: they are read there',
  ],
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

/** `{{commit}}` is known here, `${VARIABLE}` and what the other tools have between braces is not. */
export function takeDescription(
  settings: BuildSettings,
  notes: Notes,
  option: 'labels' | 'annotations',
  entry: string,
): void {
  const isKnown = !/\$\{?\w|(?<!\{)\{[\w.]+\}(?!\})/.test(entry);
  if (isKnown && isTaken(() => checkDescription({ [option]: [entry] }))) {
    settings[option].push(entry);
    return notes.add('carried', `${option} ${entry}`, `${option} of docker-build and docker-push`);
  }
  const [name] = entry.split('=');
  notes.add(
    'to-do',
    `${option} ${name}`,
    `its value has variables: write it again, as in "${name}={{commit}}"; docs/how-to/labels.md lists them`,
  );
}

/** An entry of docker/metadata-action's `tags`. */
export function takeTagEntry(settings: BuildSettings, notes: Notes, entry: string): void {
  if (isTaken(() => parseTemplates([entry]))) {
    settings.tagEntries.push(entry);
    return notes.add('carried', `metadata.tags ${entry}`, 'tags of docker-build and docker-push');
  }
  notes.add('to-do', `metadata.tags ${entry}`, 'docs/how-to/tags.md has what there is instead');
}

function isTaken(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

/** `npm=${NPM_TOKEN}`, a value that stands in a variable; `npm=path` of `secret-files`. */
export function takeSecret(
  settings: BuildSettings,
  notes: Notes,
  setting: 'secrets' | 'secret-files',
  word: string,
): void {
  const [, id = '', value = ''] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
  const variable = /^\$\{?(\w+)\}?$/.exec(value)?.[1];
  if (setting === 'secret-files' && id && value) settings.secrets.push(`id=${id},src=${value}`);
  else if (setting === 'secrets' && id && variable)
    settings.secrets.push(`id=${id},env=${variable}`);
  else {
    // What stands there may be the secret itself: it is not written into the report.
    const where = `name where its value comes from: secrets of docker-plan, "id=${id || 'NAME'},env=VARIABLE"`;
    return notes.add('to-do', `${setting} ${id}`.trim(), where);
  }
  notes.add('carried', `${setting} ${id}`, 'secrets of docker-plan');
}

export function takePlatforms(settings: BuildSettings, notes: Notes, platforms: string[]): void {
  settings.platforms.push(...platforms.flatMap((each) => each.split(',')).filter(Boolean));
  notes.add('carried', 'platforms', `platforms of docker-plan: ${settings.platforms.join(', ')}`);
}

export function takeStage(settings: BuildSettings, notes: Notes, stage: string): void {
  settings.stage = stage;
  notes.add('carried', 'target', `docker-build and docker-push take stage ${stage}`);
}
