import type { StageSummary } from '@excel2doc/dockerfile';

/**
 * What hardly ever belongs into an image and often lies in a context: version control, installed
 * packages (the image installs its own), caches, files with passwords.
 */
const PATTERNS = [
  '.git',
  '.nx',
  '.env',
  '.env.*',
  '**/.DS_Store',
  '**/node_modules',
  '**/.venv',
  '**/__pycache__',
  '**/*.pyc',
  '**/.pytest_cache',
  '**/.mypy_cache',
  '**/.ruff_cache',
  '**/target/debug',
];

/** The text of a .dockerignore that leaves out nothing that a stage copies by name. */
export function ignoreText(stages: readonly StageSummary[]): string {
  const copied = stages.flatMap(({ contextPaths }) => contextPaths);
  const isCopied = (pattern: string) => {
    const name = pattern.replace(/^\*\*\//, '').replace(/\*/g, '');
    return copied.some((path) =>
      path.split('/').some((part) => part === name || (name === '.env.' && part.startsWith(name))),
    );
  };
  const patterns = PATTERNS.filter((pattern) => !isCopied(pattern));
  return `# What the build context leaves out: it is neither sent to the engine nor a reason to build again.\n${patterns.join('\n')}\n`;
}
