/** A container's answer to `alembic current` or `alembic heads`: the revisions alone. */
export function parseRevisions(stdout: string): string[] {
  return stdout
    .split('\n')
    .flatMap(
      (line) =>
        /^([\w-]+)(?: \((?:head|mergepoint|effective head|branchpoint)[^)]*\))*\s*$/.exec(
          line.trim(),
        )?.[1] ?? [],
    );
}

/** SQL of what an upgrade would do, from where the database is. */
export function dryRunCommand(current: string[]): string[] {
  return ['alembic', 'upgrade', current.length > 0 ? `${current.join(',')}:head` : 'head', '--sql'];
}

/**
 * What the models have and the migrations do not, from `alembic check` (`New upgrade operations
 * detected: [('add_table', Table('notes', …))]`) or the log of `alembic revision --autogenerate`.
 */
export function parseAutogenerate(output: string): string[] {
  const logged = [...output.matchAll(/\bDetected (.+)$/gm)].map(([, what = '']) => what.trim());
  if (logged.length > 0) return logged;
  const listed = /New upgrade operations detected: (.+)/s.exec(output)?.[1] ?? '';
  const operations = listed.matchAll(
    /\('((?:add|remove|modify)_\w+)', (?:None, )?(?:\w+\()?'([^']*)'(?:, (?:Column\()?'([^']*)')?/g,
  );
  return [...operations].map(([, what = '', table = '', column]) =>
    [what.replace('_', ' '), column === undefined ? table : `${table}.${column}`].join(' '),
  );
}
