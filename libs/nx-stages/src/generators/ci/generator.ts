import { type Tree, logger, readJson, readNxJson } from '@nx/devkit';
import { githubWorkflow } from './github';
import { gitlabPipeline } from './gitlab';
import type { CiOptions } from './options';
import { GeneratorError } from '../generator-error';

export interface CiGeneratorOptions {
  platform?: 'github' | 'gitlab';
  branch?: string;
  targets?: string[];
  push?: boolean;
  report?: boolean;
  fresh?: string;
  nodeVersion?: string;
  cacheAudience?: string;
  cacheUpstream?: string;
  setup?: string[];
}

const PLATFORMS = {
  github: { file: '.github/workflows/ci.yaml', text: githubWorkflow },
  gitlab: { file: '.gitlab-ci.yml', text: gitlabPipeline },
};

/** The first words of what this generator wrote: that it may write again. */
const MARK = /^# From `(npx )?nx g @excel2doc\/nx-stages:ci`/;

/** Writes the CI file of GitHub Actions or GitLab. */
export default function ciGenerator(tree: Tree, options: CiGeneratorOptions): () => void {
  const { file, text } = PLATFORMS[options.platform ?? platformOf(tree)];
  if (tree.exists(file) && !MARK.test(tree.read(file, 'utf8') ?? '')) {
    throw new GeneratorError(
      `${file} is there already and is not from this generator`,
      'Rename it to have one written, and move over what it has beyond that',
    );
  }
  const ci = ciOptions(tree, options);
  tree.write(file, text(ci));
  return () => {
    logger.info(`${file} runs ${ci.targets.join(', ')} for what a change affects`);
    if (ci.cache && !ci.cache.upstream)
      logger.info('Set EXCEL2DOC_CACHE_UPSTREAM, the address of the cache, for the repository');
  };
}

/** What is there already decides. */
function platformOf(tree: Tree): 'github' | 'gitlab' {
  return tree.exists('.gitlab-ci.yml') ? 'gitlab' : 'github';
}

function ciOptions(tree: Tree, options: CiGeneratorOptions): CiOptions {
  const { targets = ['lint', 'test', 'docker-build'], push, report = true, setup } = options;
  const { cacheAudience: audience, cacheUpstream: upstream } = options;
  for (const target of targets) {
    if (/^[\w:@./-]+$/.test(target)) continue;
    throw new GeneratorError(
      `--targets: "${target}" is no target's name`,
      'Give names, such as lint, or several with commas between',
    );
  }
  if (upstream !== undefined && audience === undefined) {
    throw new GeneratorError(
      '--cacheUpstream needs --cacheAudience, whom the cache server takes tokens for',
      "It stands in the server's configuration",
    );
  }
  return {
    branch: options.branch ?? readNxJson(tree)?.defaultBase ?? 'main',
    targets,
    nodeVersion: options.nodeVersion ?? nodeVersionOf(tree),
    ...(push && { pushTarget: 'docker-push' }),
    ...(options.fresh !== undefined && { fresh: options.fresh }),
    ...(report && { reportTarget: 'docker-report' }),
    ...(audience !== undefined && { cache: { audience, ...(upstream && { upstream }) } }),
    ...(setup?.length && { setup }),
  };
}

/** The lowest that the workspace takes, else the one that runs this. */
function nodeVersionOf(tree: Tree): string {
  const manifest = tree.exists('package.json') ? readJson(tree, 'package.json') : {};
  const wanted = /\d+/.exec(manifest.engines?.node ?? '')?.[0];
  return wanted ?? process.versions.node.split('.')[0] ?? '22';
}
