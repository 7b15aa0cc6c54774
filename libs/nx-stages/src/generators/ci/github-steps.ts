import { block, type CiOptions, scalar, SHARDS } from './options';

// A tag of an action can be moved, a commit cannot.
const CHECKOUT = 'actions/checkout@df4cb1c069e1874edd31b4311f1884172cec0e10 # v6.0.3';
const SETUP_NODE = 'actions/setup-node@53b83947a5a98c8d113130e565377fae1a50d02f # v6.3.0';
const SET_SHAS = 'nrwl/nx-set-shas@afb73a62d26e41464e9254689e1fd6122ee683c1 # v5.0.1';
export const UPLOAD = 'actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2';
export const DOWNLOAD =
  'actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0';
export const CACHE = 'actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0';
export const COSIGN = 'sigstore/cosign-installer@faadad0cce49287aee09b3a48701e75088a2c6ad # v4.0.0';

export const RUNNERS = { 'linux/amd64': 'ubuntu-24.04', 'linux/arm64': 'ubuntu-24.04-arm' };

/** Of a job that runs targets; `more` of what it needs besides. */
export function permissions(
  { cache }: Pick<CiOptions, 'cache'>,
  more: string[],
  { affected = true } = {},
): string {
  return block(4, [
    'permissions:',
    '  contents: read',
    affected && '  # nx-set-shas asks which run was the last that passed.',
    affected && '  actions: read',
    cache && '  # The identity token that the cache server knows this job by.\n  id-token: write',
    ...more.map((each) => `  ${each}`),
  ]);
}

/** Where the cache is. */
export function environment({ cache }: CiOptions): string {
  if (!cache) return '';
  const { upstream = '${{ vars.EXCEL2DOC_CACHE_UPSTREAM }}', audience } = cache;
  const lines = [
    'env:',
    `  EXCEL2DOC_CACHE_UPSTREAM: ${upstream.startsWith('${{') ? upstream : scalar(upstream)}`,
    `  EXCEL2DOC_CACHE_AUDIENCE: ${scalar(audience)}`,
  ];
  return `${block(4, lines)}\n`;
}

/** The checkout and what is installed; with `affected`, the commit that the last run passed. */
export function prepare(
  { branch, nodeVersion, setup = [] }: CiOptions,
  { affected = true } = {},
): string {
  return block(6, [
    `- uses: ${CHECKOUT}`,
    '  with:',
    '    # What a change affects is seen from the history.',
    '    fetch-depth: 0',
    '    persist-credentials: false',
    `- uses: ${SETUP_NODE}`,
    '  with:',
    `    node-version: ${scalar(nodeVersion)}`,
    '    cache: npm',
    affected && `- uses: ${SET_SHAS}`,
    affected && branch !== 'main' && `  with:\n    main-branch-name: ${scalar(branch)}`,
    '- run: npm ci',
    ...setup.map((command) => `- run: ${scalar(command)}`),
  ]);
}

/** The plan of the shards, where a job needs it. */
export const PLAN_OF_SHARDS = block(6, [
  `- uses: ${DOWNLOAD}`,
  '  with:',
  '    name: shards-plan',
  '    path: dist/ci',
]);

/** What the shards say they did. */
export const RECORDS_OF_SHARDS = block(6, [
  `- uses: ${DOWNLOAD}`,
  '  with:',
  '    pattern: shards-done-*',
  `    path: ${SHARDS.records}`,
  '    merge-multiple: true',
]);
