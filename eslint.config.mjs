import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Imports run one way: nx-stages -> engine -> oci, nx-stages -> dockerfile (docs/architecture.md). */
const depConstraints = [
  { sourceTag: 'scope:dockerfile', onlyDependOnLibsWithTags: ['scope:dockerfile'] },
  { sourceTag: 'scope:oci', onlyDependOnLibsWithTags: ['scope:oci'] },
  { sourceTag: 'scope:engine', onlyDependOnLibsWithTags: ['scope:engine', 'scope:oci'] },
  {
    sourceTag: 'scope:nx-stages',
    onlyDependOnLibsWithTags: [
      'scope:nx-stages',
      'scope:engine',
      'scope:oci',
      'scope:dockerfile',
      'scope:test-tools',
    ],
  },
  {
    sourceTag: 'scope:cache-server',
    onlyDependOnLibsWithTags: ['scope:cache-server', 'scope:test-tools'],
  },
  // Tests only: nothing that ships imports it.
  { sourceTag: 'scope:test-tools', onlyDependOnLibsWithTags: ['scope:test-tools'] },
  { sourceTag: 'scope:tools', onlyDependOnLibsWithTags: ['*'] },
];

export default tseslint.config(
  { ignores: ['**/dist', '**/node_modules', '.nx', 'tmp', '**/.venv', 'coverage'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.{ts,mts,mjs}'],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { allow: [], depConstraints }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
      // Outputs may lie on a file system that has no hard links.
      'no-restricted-imports': [
        'error',
        ...['node:fs', 'node:fs/promises'].map((name) => ({
          name,
          importNames: ['link', 'linkSync'],
        })),
      ],
    },
  },
  {
    files: ['**/*.cjs'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['tools/**', '**/*.spec.ts', 'apps/cache-server/src/cli/**'],
    rules: { 'no-console': 'off' },
  },
  {
    // The cache server makes an entry its own by a link: the first of two uploads wins.
    files: ['tools/**', '**/*.spec.ts', 'apps/cache-server/**'],
    rules: { 'no-restricted-imports': 'off' },
  },
);
