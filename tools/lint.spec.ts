import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { workspaceRoot } from './workspace';

const scratch = mkdtempSync(join(tmpdir(), 'excel2doc-lint-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 }));

const libraries = ['libs/dockerfile', 'libs/go-text', 'libs/oci'];
const settings = [
  'package.json',
  'nx.json',
  'eslint.config.mjs',
  'dependency-cruiser.config.mjs',
  'tsconfig.base.json',
  '.editorconfig',
  '.prettierignore',
  '.prettierrc.json',
  ...libraries.map((library) => `${library}/package.json`),
];
/** Of a folder that imports another one: each lint of all that a library has takes half a minute. */
const sources = {
  'libs/dockerfile/src/index.ts': 'export type StagePlan = { stage: string };',
  'libs/go-text/src/index.ts': 'export const quoted = (text: string) => JSON.stringify(text);',
  'libs/oci/src/index.ts': "export type { OciErrorCode } from './error';",
  'libs/oci/src/digest.ts': 'export type Digest = `sha256:${string}`;',
  'libs/oci/src/error.ts':
    "import type { Digest } from './digest';\n\nexport type OciErrorCode = `DAMAGED ${Digest}`;",
  'libs/oci/src/layer/compression.ts': "export type Compression = 'gzip' | 'zstd';",
  'libs/oci/src/layer/read.ts':
    "import { quoted } from '@excel2doc/go-text';\nimport type { TarEntry } from '../tar/entry';\n\n" +
    'export const nameOf = ({ path }: TarEntry) => quoted(path);',
  'libs/oci/src/tar/entry.ts': 'export type TarEntry = { path: string };',
};

/** Three libraries with the names, tags and rules that they have here, in a workspace of their own. */
beforeEach(() => {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
  for (const file of [...settings, ...Object.keys(sources)])
    mkdirSync(dirname(join(scratch, file)), { recursive: true });
  for (const file of settings) cpSync(join(workspaceRoot, file), join(scratch, file));
  for (const [file, text] of Object.entries(sources))
    writeFileSync(join(scratch, file), `${text}\n`);
  edit('nx.json', (text) => JSON.stringify({ ...JSON.parse(text), plugins: [] }));
  const modules = join(scratch, 'node_modules');
  mkdirSync(join(modules, '@excel2doc'), { recursive: true });
  for (const name of readdirSync(join(workspaceRoot, 'node_modules'))) {
    if (name === '@excel2doc') continue;
    symlinkSync(join(workspaceRoot, 'node_modules', name), join(modules, name));
  }
  for (const library of libraries)
    symlinkSync(join(scratch, library), join(modules, '@excel2doc', library.slice('libs/'.length)));
});

function edit(file: string, change: (text: string) => string): void {
  const path = join(scratch, file);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

function append(file: string, text: string): void {
  appendFileSync(join(scratch, file), text);
}

/** Without what a run of Nx around this test would tell the one within. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('NX_')),
);

/** What `nx run <project>:lint` says, and how it ends. */
function lint(project: string): { status: number | null; said: string } {
  const nx = join(workspaceRoot, 'node_modules/nx/dist/bin/nx.js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [nx, 'run', `${project}:lint`, '--skip-nx-cache'],
    {
      cwd: scratch,
      encoding: 'utf8',
      env: {
        ...environment,
        NX_DAEMON: 'false',
        NX_ISOLATE_PLUGINS: 'false',
        NX_TUI: 'false',
        NO_COLOR: '1',
        FORCE_COLOR: '0',
      },
    },
  );
  return { status, said: stdout + stderr };
}

describe('lint', () => {
  test('passes where nothing is wrong', () => {
    const { status, said } = lint('oci');
    expect(said).toContain('no dependency violations found');
    expect(status).toBe(0);
  });

  test('fails for files and for folders that import each other, be it types alone', () => {
    append('libs/oci/src/digest.ts', "export type { OciErrorCode } from './error';\n");
    append(
      'libs/oci/src/tar/entry.ts',
      "export type { Compression } from '../layer/compression';\n",
    );
    const { status, said } = lint('oci');
    expect(said).toMatch(/error no-file-cycle: libs\/oci\/src\/digest\.ts/);
    expect(said).toMatch(/error no-folder-cycle: libs\/oci\/src\/(tar|layer)/);
    expect(said).not.toMatch(/no-file-cycle: libs\/oci\/src\/(tar|layer)/);
    expect(status).not.toBe(0);
  });

  test('fails for an import between libraries that know nothing of each other', () => {
    append('libs/oci/src/digest.ts', "export type { StagePlan } from '@excel2doc/dockerfile';\n");
    const { status, said } = lint('oci');
    expect(said).toContain('@nx/enforce-module-boundaries');
    expect(said).toContain('type:oci');
    expect(status).not.toBe(0);
  });
});
