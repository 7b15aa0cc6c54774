import { EngineError } from './error';

/** Which engine is wanted: `auto` is Docker where it answers, else Podman. */
export type EngineChoice = (typeof ENGINE_CHOICES)[number];

export const ENGINE_CHOICES = ['auto', 'docker', 'podman'] as const;

/** The variable that goes before every option. */
const VARIABLE = 'NX_STAGES_ENGINE';

export function isEngineChoice(value: unknown): value is EngineChoice {
  return ENGINE_CHOICES.some((choice) => choice === value);
}

/**
 * What the environment says, else what was given, else `auto`.
 *
 * @throws EngineError `NO_ENGINE` naming what the variable may be
 */
export function chosenEngine(
  given: EngineChoice | undefined,
  env: NodeJS.ProcessEnv,
): EngineChoice {
  const value = env[VARIABLE];
  if (!value) return given ?? 'auto';
  if (isEngineChoice(value)) return value;
  throw new EngineError('NO_ENGINE', {
    message: `${VARIABLE} is "${value}"`,
    hint: `Set it to ${ENGINE_CHOICES.join(', ')}, or unset it`,
  });
}
