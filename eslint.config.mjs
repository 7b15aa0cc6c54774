import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Imports run one way (docs/architecture.md): a library may use those that stand behind its name. */
const LAYERS = {
  'go-text': [],
  dockerfile: ['go-text'],
  oci: ['go-text'],
  engine: ['oci', 'go-text'],
  stages: ['dockerfile', 'oci', 'engine', 'go-text'],
  services: ['stages', 'dockerfile', 'oci', 'engine'],
  'build-report': ['stages', 'dockerfile', 'oci'],
  'nx-stages': ['services', 'build-report', 'stages', 'engine', 'oci', 'dockerfile'],
  'cache-server': [],
  'test-tools': [],
};

// Tests only: nothing that ships imports it.
const FOR_TESTS = ['test-tools'];

const depConstraints = [
  ...Object.entries(LAYERS).map(([name, below]) => ({
    sourceTag: `type:${name}`,
    onlyDependOnLibsWithTags: [name, ...below, ...FOR_TESTS].map((each) => `type:${each}`),
  })),
  { sourceTag: 'type:tools', onlyDependOnLibsWithTags: ['*'] },
];

/** The configuration of all tests is no project's. */
const ALLOWED = ['^(\\.\\./)+vitest\\.base\\.mts$'];

export default tseslint.config(
  { ignores: ['**/dist', '**/node_modules', '.nx', 'tmp', '**/.venv', 'coverage'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.{ts,mts,mjs}'],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: ALLOWED,
          depConstraints,
          // A failure alone reads it where nothing else of it is needed (executors/report.ts).
          checkDynamicDependenciesExceptions: ['@excel2doc/services'],
        },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
      // TypeScript does not look for properties too many through it.
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ObjectExpression > SpreadElement > ObjectExpression[properties.length>0]',
          message: 'Write the properties themselves',
        },
        {
          selector:
            'CallExpression[callee.property.name="toSatisfy"] > ArrowFunctionExpression[params.length=0]',
          message: 'It looks at nothing that it is given: expect(value, text).toBe(...)',
        },
        {
          selector:
            'CallExpression[callee.property.name="toThrow"][callee.object.property.name="rejects"][arguments.length=0]',
          message: 'Any fault would do: say which one, by its code',
        },
      ],
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
    // What is below the plugin serves scripts and other tools, too.
    files: ['libs/!(nx-stages)/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['node:fs', 'node:fs/promises'].map((name) => ({
            name,
            importNames: ['link', 'linkSync'],
          })),
          patterns: [{ group: ['nx', 'nx/*', '@nx/*'], message: 'Only libs/nx-stages knows Nx.' }],
        },
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
