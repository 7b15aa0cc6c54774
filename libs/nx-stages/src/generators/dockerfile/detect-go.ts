import type { ProjectFacts, ProjectFiles } from './project-kind';

/** Go: the module says the version, its folders where package main is. */
export function goFacts(files: ProjectFiles): ProjectFacts {
  const version = /^go\s+(\d+\.\d+)/m.exec(files.read('go.mod') ?? '')?.[1] ?? '1.24';
  return {
    kind: 'go',
    version,
    command: ['/usr/local/bin/app'],
    port: 8080,
    manifests: ['go.mod', ...(files.has('go.sum') ? ['go.sum'] : [])],
    detail: mainPackage(files),
  };
}

function mainPackage(files: ProjectFiles): string {
  const isMain = (folder: string) =>
    files
      .list(folder)
      .some(
        (name) =>
          name.endsWith('.go') && /^package main\b/m.test(files.read(join(folder, name)) ?? ''),
      );
  if (isMain('')) return '.';
  const command = files.list('cmd').find((name) => isMain(`cmd/${name}`));
  return command === undefined ? '.' : `./cmd/${command}`;
}

const join = (folder: string, name: string) => (folder === '' ? name : `${folder}/${name}`);
