import type { Server } from './server';

/**
 * A database's schema as SQL, without what says nothing about it: comments, settings, and the random
 * token that newer pg_dump write.
 */
export function normaliseSchema(dump: string): string[] {
  return dump
    .split(';\n')
    .map((statement) =>
      statement
        .split('\n')
        .filter((line) => line.trim() !== '' && !/^(--|\\(un)?restrict )/.test(line))
        .map((line) => line.trimEnd())
        .join('\n'),
    )
    .filter(
      (statement) => statement !== '' && !/^(SET|SELECT pg_catalog\.set_config)/.test(statement),
    )
    .sort();
}

export interface SchemaDrift {
  /** Statements that the migrations lead to and the database lacks. */
  missing: string[];
  /** Statements that the database has and no migration made. */
  extra: string[];
}

export function schemaDrift(expected: string, found: string): SchemaDrift {
  const [should, is] = [normaliseSchema(expected), normaliseSchema(found)];
  return {
    missing: should.filter((statement) => !is.includes(statement)),
    extra: is.filter((statement) => !should.includes(statement)),
  };
}

/** `CREATE TABLE public.notes`: enough of a statement to know it again. */
export function headline(statement: string): string {
  return (statement.split('\n')[0] ?? '').replace(/ \($/, '').slice(0, 100);
}

export function dumpSchema(server: Server, database: string): Promise<string> {
  const flags = ['--schema-only', '--no-owner', '--no-privileges', '--no-comments'];
  return server.client(['pg_dump', ...flags, '--no-password', `--dbname=${database}`]);
}
