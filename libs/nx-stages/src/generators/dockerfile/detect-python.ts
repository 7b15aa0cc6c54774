import { posix } from 'node:path';
import type { Kind, ProjectFacts, ProjectFiles } from './project-kind';

const DEFAULT_VERSION = '3.12';

/** Python: what serves it is told by its packages, where it starts by its files. */
export function pythonFacts(files: ProjectFiles, kind: Kind): ProjectFacts {
  const manifests =
    kind === 'python-pip'
      ? requirementFiles(files)
      : [kind === 'python-uv' ? 'uv.lock' : 'poetry.lock', 'pyproject.toml'];
  const sourceRoot = files.list('src').some((name) => isPackage(files, `src/${name}`))
    ? 'src'
    : undefined;
  const text = manifests.map((file) => files.read(file) ?? '').join('\n');
  const uses = (name: string) => new RegExp(`^[\\s"'-]*(name = ")?${name}\\b`, 'mi').test(text);
  return {
    kind,
    version: pythonVersion(files),
    manifests,
    ...serverOf(files, uses, sourceRoot),
    ...(sourceRoot && { sourceRoot }),
  };
}

/** requirements.txt and the files that it names by `-r` and `-c`. */
function requirementFiles(files: ProjectFiles): string[] {
  const found = new Set<string>();
  const follow = (file: string) => {
    if (found.has(file) || file.startsWith('..')) return;
    found.add(file);
    const lines = (files.read(file) ?? '').split('\n');
    for (const line of lines) {
      const [, name] = /^\s*(?:-r|-c|--requirement|--constraint)[\s=]+(\S+)/.exec(line) ?? [];
      if (name) follow(posix.join(posix.dirname(file), name));
    }
  };
  follow('requirements.txt');
  return [...found];
}

function pythonVersion(files: ProjectFiles): string {
  const pinned = /^\s*3\.\d+/.exec(files.read('.python-version') ?? '')?.[0].trim();
  if (pinned) return pinned;
  const wanted = /(?:requires-python|^python)\s*=\s*["']([^"']+)/m.exec(
    files.read('pyproject.toml') ?? '',
  )?.[1];
  const lowest = /(?:>=|~=|==|\^|~)\s*3\.(\d+)/.exec(wanted ?? '')?.[1];
  return lowest !== undefined && Number(lowest) > 12 ? `3.${lowest}` : DEFAULT_VERSION;
}

type Served = Pick<ProjectFacts, 'command' | 'port' | 'healthPath'>;

function serverOf(files: ProjectFiles, uses: (name: string) => boolean, sourceRoot = ''): Served {
  const at = (path: string) => posix.join(sourceRoot, path);
  const packages = files
    .list(sourceRoot)
    .filter((name) => name !== 'tests' && isPackage(files, at(name)));
  const modules = ['main', 'app', 'server', ...packages.map((name) => `${name}/main`)];
  const app = modules.find((name) =>
    /^(app|application)\s*[:=]/m.test(files.read(at(`${name}.py`)) ?? ''),
  );
  const dotted = app?.replaceAll('/', '.');
  const wsgi = packages.find((name) => files.has(at(`${name}/wsgi.py`)));
  if (wsgi && uses('gunicorn')) return gunicorn(`${wsgi}.wsgi`);
  if (files.has('manage.py')) {
    return {
      command: ['python', 'manage.py', 'runserver', '0.0.0.0:8000', '--noreload'],
      port: 8000,
    };
  }
  if (dotted && uses('uvicorn')) {
    const command = ['uvicorn', `${dotted}:app`, '--host', '0.0.0.0', '--port', '8000'];
    return { command, port: 8000 };
  }
  if (dotted && uses('gunicorn')) return gunicorn(`${dotted}:app`);
  if (dotted && uses('flask')) {
    const command = ['flask', '--app', dotted, 'run', '--host', '0.0.0.0', '--port', '8000'];
    return { command, port: 8000 };
  }
  const runnable = packages.find((name) => files.has(at(`${name}/__main__.py`)));
  if (runnable) return { command: ['python', '-m', runnable] };
  return { command: ['python', `${files.has('app.py') ? 'app' : 'main'}.py`] };
}

function gunicorn(target: string): Served {
  return { command: ['gunicorn', target, '--bind', '0.0.0.0:8000'], port: 8000 };
}

function isPackage(files: ProjectFiles, folder: string): boolean {
  return files.list(folder).some((name) => name.endsWith('.py'));
}
