/** What became of a setting. */
export type Fate = 'carried' | 'not-needed' | 'no-equivalent' | 'to-do';

/** One line of the report. */
export interface Note {
  /** The project, or nx.json. */
  where: string;
  setting: string;
  fate: Fate;
  text: string;
}

/** Notes of one place. */
export class Notes {
  readonly all: Note[] = [];

  constructor(private readonly where: string) {}

  add(fate: Fate, setting: string, text: string): void {
    this.all.push({ where: this.where, setting, fate, text });
  }
}

/** What a build was told, by whichever tool, in the terms of this plugin. */
export interface BuildSettings {
  /** Relative to the workspace. */
  dockerfile?: string;
  context?: string;
  buildArgs: Record<string, string>;
  platforms: string[];
  /** The stage that becomes the image, where it is not the last. */
  stage?: string;
  /** Names with tags, as they stood there. */
  tags: string[];
  /** Tags of the form of docker/metadata-action. */
  tagEntries: string[];
  labels: string[];
  annotations: string[];
  /** As docker-plan takes them. */
  secrets: string[];
  ssh: string[];
  push: boolean;
}

export function noSettings(): BuildSettings {
  const lists = { tags: [], tagEntries: [], labels: [], annotations: [], secrets: [], ssh: [] };
  return { buildArgs: {}, platforms: [], ...lists, push: false };
}
