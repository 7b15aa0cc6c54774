import type { ExecutorContext } from '@nx/devkit';
import { type DatabaseOptions, headline, openDatabase } from '@excel2doc/services';
import { printTable, StagesError } from '@excel2doc/stages';
import { projectOf } from '../project';
import { report } from '../report';

/** Is the database reachable, at the newest revision, as its migrations make it, as the models say? */
export default function dbCheck(options: DatabaseOptions, context: ExecutorContext) {
  return report(async () => {
    const { server, migrations } = await openDatabase(options, projectOf(context));
    const [version = ''] = await server.query('SHOW server_version');
    const [current, heads] = [await migrations.current(), await migrations.heads()];
    const behind =
      current.join() === heads.join()
        ? []
        : [`at ${current.join() || 'none'}, newest ${heads.join()}`];
    const { missing, extra } = await migrations.drift();
    const drift = [
      ...missing.map((each) => `missing: ${headline(each)}`),
      ...extra.map((each) => `extra: ${headline(each)}`),
    ];
    const models =
      behind.length > 0 ? ['not checked: migrate first'] : await migrations.modelChanges();
    const [invalid = '0'] = await server.query(
      'SELECT count(*) FROM pg_index WHERE NOT indisvalid',
    );
    const rows: [what: string, problems: string[], good: string][] = [
      ['server', [], `PostgreSQL ${version}`],
      ['revision', behind, current.join() || 'none'],
      ['schema', drift, 'as the migrations make it'],
      ['models', models, 'nothing that the migrations lack'],
      ['indexes', invalid === '0' ? [] : [`${invalid} invalid`], 'all valid'],
    ];
    printTable(
      ['check', 'state', 'found'],
      rows.map(([what, bad, good]) => [what, bad.length > 0 ? '✗' : 'ok', bad.join('; ') || good]),
    );
    const failed = rows.filter(([, bad]) => bad.length > 0).map(([what]) => what);
    if (failed.length === 0) return;
    throw new StagesError('CHECK_FAILED', {
      message: `The database is not as it should be: ${failed.join(', ')}`,
      hint: 'db-migrate applies what is missing; the table above names the rest',
    });
  });
}
