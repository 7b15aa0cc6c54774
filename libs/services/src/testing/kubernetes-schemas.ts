import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const PACKAGE = 'kubernetes-validate==1.37.0';

/** The oldest, a middle and the newest version that manifests are held against. */
export const KUBERNETES_VERSIONS = ['1.31.0', '1.34.0', '1.37.0'];

/**
 * The schemas of those versions, as API servers publish them, strict. They come in a package of PyPI,
 * of which nothing is run.
 *
 * @returns a folder with one folder for each version, such as `v1.34.0`
 */
export function kubernetesSchemas(): string {
  const cacheHome = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const tools = join(cacheHome, 'excel2doc', 'tools');
  const home = join(tools, `kubernetes-schemas-${KUBERNETES_VERSIONS.join('-')}`);
  if (existsSync(home)) return home;
  mkdirSync(tools, { recursive: true });
  const draft = mkdtempSync(`${home}-`);
  try {
    const python = (...args: string[]) => execFileSync('python3', args, { stdio: 'pipe' });
    python(...['-m', 'pip', 'download', '-q', '--no-deps', '-d', draft, PACKAGE]);
    const [wheel = ''] = readdirSync(draft);
    python('-m', 'zipfile', '-e', join(draft, wheel), join(draft, 'all'));
    for (const version of KUBERNETES_VERSIONS) {
      const schemas = 'all/kubernetes_validate/kubernetes-json-schema';
      const from = join(draft, schemas, `v${version}-local-strict`);
      const to = join(draft, 'chosen', `v${version}`);
      mkdirSync(to, { recursive: true });
      for (const name of readdirSync(from)) {
        // They name themselves and each other by an address that nobody has to ask here.
        const text = readFileSync(join(from, name), 'utf8').replaceAll('"/api/', '"');
        const schema = JSON.parse(text) as { $id?: string };
        delete schema.$id;
        writeFileSync(join(to, name), JSON.stringify(schema));
      }
    }
    renameSync(join(draft, 'chosen'), home);
    return home;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
