import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '../workspace';

const PAGES = ['maintenance.md', 'maintenance.zh-CN.md'];

/** Every command of the maintenance guide, in blocks, tables and sentences, of both languages. */
export function guideCommands(): string[] {
  const found = PAGES.flatMap((name) =>
    commandsOf(readFileSync(join(workspaceRoot, 'docs', name), 'utf8')),
  );
  return [...new Set(found)];
}

/** @param text of a page in Markdown; a command with a `<placeholder>` is none. */
export function commandsOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```bash\n(.*?)^```/gms)].flatMap(([, block = '']) =>
    block.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#')),
  );
  const inline = [...text.matchAll(/`((?:npx nx|npm) [^`\n]+)`/g)].map(
    ([, command = '']) => command,
  );
  return [...blocks, ...inline].filter((command) => !command.includes('<'));
}

/** A command of the guide. */
export const nx = (rest: string) => `npx nx run backend:${rest}`;

/** Every command of the guide, with what it must show; each ends with status 0. */
export const SHOWS: Record<string, RegExp> = {
  'npm start': /The backend is up/,
  'npm run stop': /taking the services down/,
  [nx('compose-ps')]: /^backend +running +healthy/m,
  [nx('compose-ls')]: /^excel2doc-e2e-\w+ .*\(this checkout\)$/m,
  [nx('compose-logs')]: /backend-1 \| [\d:.]+ info/,
  [nx('compose-logs --no-follow')]: /backend-1 \| [\d:.]+ info/,
  [nx('compose-logs --no-follow --service=backend --since=10m --level=warning')]: /^(?!.* info )/s,
  [nx('compose-restart')]: /Successfully ran/,
  [nx('compose-restart --service=backend')]: /Successfully ran/,
  [nx('compose-up')]: /Successfully ran target compose-up/,
  [nx('compose-up -c production')]: /Successfully ran target compose-up/,
  [nx('compose-watch')]: /app -> \/srv\/excel2doc\/app/,
  [nx('compose-down')]: /Successfully ran/,
  // What came before it, a migration, has made the image: it is only asked for.
  [nx('docker-build')]: /excel2doc\/backend:e2e-\w+ is in the engine/,
  [nx('docker-build --fresh')]:
    /apps\/backend\/Dockerfile {2}RUN steps are made anew.*excel2doc\/backend:e2e-\w+ sha256:/s,
  [nx('docker-audit')]: /layers, 0 findings/,
  [nx('db-migrate --dryRun')]: /ALTER TABLE conversions ADD COLUMN note/,
  [nx('db-migrate')]: /Successfully ran/,
  [nx('db-history')]: /\(head\) \(current\), add a note/,
  [nx('db-check')]: /models +ok/,
  [nx('db-revision --message="add a note"')]:
    /^\+ .*note.*\na new revision is in apps\/backend\/alembic\/versions\/\d+_add_a_note\.py/m,
  [nx('db-shell')]: /excel2doc=#/,
  [nx('db-shell -- -c "SELECT 1"')]: /\(1 row\)/,
  [nx('db-backup --keep=14')]: /backups\/excel2doc-e2e-\w+\/\S+/,
  [nx('db-restore --confirm=excel2doc')]: /rows, compared/,
  [nx('backup')]: /19 tables, \d+ rows, \d+ files \(.*restored into scratch and compared/,
  [nx('backup-verify --list')]: /^[0-9a-f]{8} .*restored and compared$/m,
  [nx('backup-verify')]: /every byte of the repository read; .* restored into scratch and compared/,
  [nx('shell')]: /app@/,
  [nx('shell --user=root')]: /root@/,
  [nx('exec -- python --version')]: /^Python 3\./m,
  [nx('test')]: /\d+ passed/,
  [nx('pip-list')]: /^fastapi +\d/m,
  [nx('stats')]: /CPU %/,
  [nx('stats --json')]: /"service": "backend"/,
  [nx('images')]: /runner/,
  [nx('health')]: /backend -> database +ok/,
  [nx('prune')]: /would free at most/,
  [nx('prune --buildCache')]: /build cache, shared by all projects/,
  [nx('prune --yes')]: /deleted \d+ containers and \d+ images/,
  [nx('doctor')]: /nothing is wrong|registry-unreachable/,
  [nx('deploy --dryRun')]: /start-first[^]*'?\*\*\*/,
  [nx('deploy --to=kubernetes --repository=registry.example.org/team/backend')]:
    /kubectl apply -f dist\/deploy\/\S+\.kubernetes\.yaml/,
  [nx('deploy --to=helm --repository=registry.example.org/team/backend')]:
    /helm upgrade --install (\S+) dist\/deploy\/\1 -f dist\/deploy\/\1\.secrets\.yaml/,
  [nx('env --set=SITE_ADDRESS=docs.example.org')]:
    /PASSWORD, .*SITE_ADDRESS.* added[^]*! BACKEND_TAG is missing/,
  [nx('preflight')]: /: 0 breaches/,
};
