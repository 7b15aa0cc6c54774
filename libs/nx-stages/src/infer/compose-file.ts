import { createRequire } from 'node:module';
import type * as yaml from 'yaml';

/** The parts of a Compose file that targets are inferred from. */
export interface ComposeModel {
  services: Record<string, ComposeService | null>;
  secrets?: Record<string, ComposeSecret | null>;
  include?: (string | { path: string | string[]; project_directory?: string })[];
}

export interface ComposeService {
  image?: string;
  profiles?: string[];
  build?: string | ComposeBuild;
  extends?: string | { service: string; file?: string };
}

/** A secret of the file's own: what services and builds name. */
export interface ComposeSecret {
  file?: string;
  environment?: string;
  external?: unknown;
}

export interface ComposeFile {
  /** Relative to the workspace. */
  file: string;
  model: ComposeModel;
  /** All that it is made of, where that is more. */
  files?: string[];
}

/** `build:` of a service, as far as targets are inferred from it. */
export interface ComposeBuild {
  context?: string;
  dockerfile?: string;
  dockerfile_inline?: string;
  args?: Record<string, string | number | boolean | null> | string[];
  target?: string;
  additional_contexts?: ComposeBuild['args'];
  platforms?: string[];
  labels?: ComposeBuild['args'];
  secrets?: (string | { source?: string; target?: string })[];
  ssh?: string | string[] | Record<string, string | null>;
}

/** @throws Error naming what is wrong when the text is no Compose file. */
export function parseCompose(text: string): ComposeModel {
  // Only here: yaml takes longer to load than all the rest of the plugin.
  const { parse } = createRequire(__filename)('yaml') as typeof yaml;
  const model = parse(text, { merge: true, logLevel: 'error' }) as Partial<ComposeModel> | null;
  const hasServices = typeof model?.services === 'object' && model.services !== null;
  if (!hasServices && !model?.include) throw new Error('it has no services');
  return { services: {}, ...model } as ComposeModel;
}
