import type { Kind } from './project-kind';

const OF_LANGUAGE: Record<string, string[]> = {
  python: [
    '**/__pycache__',
    '**/*.py[cod]',
    '.venv',
    'venv',
    '.pytest_cache',
    '.mypy_cache',
    '.ruff_cache',
    'tests',
  ],
  node: ['**/node_modules', 'dist', 'build', 'coverage', '.next', '**/*.tsbuildinfo'],
  go: ['bin', '*.test', '*.out'],
  rust: ['target'],
  java: ['target', 'build', '.gradle', '**/*.class'],
};

/** Their compilers take any file into the program: `include_str!("../README.md")`, `//go:embed README.md`. */
const EMBEDDING = ['go', 'rust'];

/** What no image of this kind of project needs; the rest is its sources. */
export function ignoreFile(kind: Kind): string {
  const language = kind.split('-')[0] ?? '';
  return [
    '.git',
    '.gitignore',
    '.dockerignore',
    'Dockerfile*',
    'compose*.y*ml',
    '.nx',
    'project.json',
    ...(EMBEDDING.includes(language) ? [] : ['*.md']),
    '',
    '# Secrets: what an image holds, all who pull it can read.',
    '.env',
    '.env.*',
    '**/*.pem',
    '**/*.key',
    '',
    ...(OF_LANGUAGE[language] ?? []),
    '',
  ].join('\n');
}
