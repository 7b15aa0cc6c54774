import type { Dockerfile } from '../dockerfile';
import { SubstitutionError } from '../syntax/expand';
import type { GivenArgs } from './epoch';
import { EPOCH, settleEpoch } from './epoch';
import type { EvaluateOptions } from './options';
import { platformArgs } from './platform';
import { problemAt } from './problem';
import { Scope } from './scope';

/** What FROM sees: the automatic arguments and those before the first stage. */
export function globalScope(dockerfile: Dockerfile, options: EvaluateOptions): Scope {
  const { platform, buildPlatform = platform, buildArgs = {} } = options;
  const target = options.target ?? dockerfile.stages.at(-1)!.declaredName;
  const automatic = platformArgs(platform, buildPlatform, target, dockerfile.rules);
  const given = (name: string) => (Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined);
  const scope = new Scope(
    [...automatic].map(([name, value]) => [name, given(name) ?? value] as const),
    false,
    dockerfile.rules,
  );
  const globalValue = (value: string): string => {
    try {
      return scope.expand(value, dockerfile.directives.escape).text;
    } catch (error) {
      // Up to 0.13 nobody looks at what is wrong with it.
      if (dockerfile.rules < 34 && error instanceof SubstitutionError) return '';
      throw error;
    }
  };
  for (const instruction of dockerfile.globalArgs)
    problemAt(dockerfile.file, instruction, () => {
      for (const { name, value } of instruction.args) {
        const known = given(name);
        if (known !== undefined) scope.set(name, known);
        else if (value !== undefined) scope.set(name, globalValue(value));
      }
    });
  return scope;
}

/** The build arguments as stages see them; `scope` is settled with them. */
export function settledArgs(
  dockerfile: Dockerfile,
  options: EvaluateOptions,
  scope: Scope,
): GivenArgs {
  const written = dockerfile.globalArgs.findLast(({ args }) =>
    args.some(({ name }) => name === EPOCH),
  );
  return problemAt(dockerfile.file, written ?? { line: 1, column: 1 }, () =>
    settleEpoch(dockerfile, options, scope),
  );
}
