import type { ExecutorContext } from '@nx/devkit';
import { type Engine, type EngineChoice, locateEngine } from '@excel2doc/engine';
import { resolveOptions } from './options';

const PLUGIN = '@excel2doc/nx-stages';

/** The engine that nx.json asks for. */
export function engineChoice({ nxJsonConfiguration }: ExecutorContext): EngineChoice | undefined {
  for (const entry of nxJsonConfiguration?.plugins ?? []) {
    if (typeof entry === 'string' || entry.plugin !== PLUGIN) continue;
    const { engine } = resolveOptions(entry.options as object);
    if (engine) return engine;
  }
  return undefined;
}

/** `locateEngine`, for the engine that nx.json asks for. */
export function engineOf(context: ExecutorContext): () => Promise<Engine> {
  return () => locateEngine({ choice: engineChoice(context) });
}
