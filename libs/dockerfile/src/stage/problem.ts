import { DockerfileError } from '../error';
import { MalformedPattern } from '../ignore/pattern';
import { FlagProblem } from '../instruction/flags';
import { SubstitutionError } from '../syntax/expand';
import { SyntaxProblem } from '../syntax/words';

/** Runs `read`; a problem that it meets gets its place in the file. */
export function problemAt<T>(
  file: string,
  place: { line: number; column: number },
  read: () => T,
): T {
  try {
    return read();
  } catch (error) {
    const code =
      error instanceof SubstitutionError
        ? 'BAD_SUBSTITUTION'
        : error instanceof FlagProblem
          ? 'BAD_FLAG'
          : error instanceof SyntaxProblem || error instanceof MalformedPattern
            ? 'SYNTAX'
            : undefined;
    if (!code) throw error;
    throw new DockerfileError(code, {
      at: { file, line: place.line, column: place.column },
      message: (error as Error).message,
      hint: error instanceof FlagProblem ? error.hint : undefined,
    });
  }
}
