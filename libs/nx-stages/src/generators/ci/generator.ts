import { type Tree, logger, readJson, readNxJson } from '@nx/devkit';
import { type PluginOptions, resolveOptions } from '@excel2doc/stages';
import { githubWorkflow } from './github';
import { gitlabPipeline } from './gitlab';
import { nodeImage } from './node-image';
import type { CiOptions, Machine } from './options';
import { GeneratorError } from '../generator-error';

export interface CiGeneratorOptions {
  platform?: 'github' | 'gitlab';
  branch?: string;
  targets?: string[];
  push?: boolean;
  sign?: boolean;
  platforms?: Machine['platform'][];
  runners?: string[];
  checks?: string[];
  report?: boolean;
  fresh?: string;
  shards?: string;
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
export default async function ciGenerator(
  tree: Tree,
  options: CiGeneratorOptions,
): Promise<() => void> {
  const platform = options.platform ?? platformOf(tree);
  const { file, text } = PLATFORMS[platform];
  if (tree.exists(file) && !MARK.test(tree.read(file, 'utf8') ?? '')) {
    throw new GeneratorError(
      `${file} is there already and is not from this generator`,
      'Rename it to have one written, and move over what it has beyond that',
    );
  }
  const ci = ciOptions(tree, options);
  // GitHub sets Node up by itself.
  const node = platform === 'gitlab' ? await nodeImage(ci.nodeVersion) : undefined;
  tree.write(file, text({ ...ci, ...(node && { nodeImage: node.reference }) }));
  return () => {
    if (node?.why !== undefined)
      logger.warn(
        `${file} has ${node.reference} by its tag, which can be moved: its digest could not be asked for (${node.why}). Run this again where it can`,
      );
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
  const { cacheAudience: audience, cacheUpstream: upstream, checks = [] } = options;
  for (const target of [...targets, ...checks]) {
    if (/^[\w:@./-]+$/.test(target)) continue;
    throw new GeneratorError(
      `--${targets.includes(target) ? 'targets' : 'checks'}: "${target}" is no target's name`,
      'Give names, such as lint, or several with commas between',
    );
  }
  if (upstream !== undefined && audience === undefined) {
    throw new GeneratorError(
      '--cacheUpstream needs --cacheAudience, whom the cache server takes tokens for',
      "It stands in the server's configuration",
    );
  }
  const machines = machinesOf(tree, options);
  const shards = shardsOf(options);
  return {
    branch: options.branch ?? readNxJson(tree)?.defaultBase ?? 'main',
    targets,
    nodeVersion: options.nodeVersion ?? nodeVersionOf(tree),
    ...(push && { pushTarget: 'docker-push', sign: options.sign ?? true }),
    ...(machines.length > 0 && { platforms: machines }),
    ...(checks.length > 0 && { checkTargets: checks }),
    ...(options.fresh !== undefined && { fresh: options.fresh }),
    ...(shards !== undefined && { shards }),
    ...(report && { reportTarget: 'docker-report' }),
    ...(audience !== undefined && { cache: { audience, ...(upstream && { upstream }) } }),
    ...(setup?.length && { setup }),
  };
}

/** How many machines the targets are spread over; undefined where each runs all of them. */
function shardsOf({ shards, cacheAudience, platforms = [], checks = [] }: CiGeneratorOptions) {
  if (shards === undefined) return undefined;
  if (cacheAudience === undefined) {
    throw new GeneratorError(
      '--shards needs --cacheAudience, whom the cache server takes tokens for',
      'Through the cache a shard hands on what it has built: without one each would build it again',
    );
  }
  if (platforms.length > 1) {
    throw new GeneratorError(
      `--shards: ${platforms.join(' and ')} cannot be spread over shards`,
      'Give one platform with --shards, or --platforms without it',
    );
  }
  if (checks.length > 0) {
    throw new GeneratorError(
      '--shards: there is no machine that has all images for --checks to look at',
      `Name them in --targets: shards run ${checks.join(', ')} where the images are`,
    );
  }
  return shards === 'auto' ? shards : Number(shards);
}

/** What builds each platform. */
function machinesOf(tree: Tree, { platforms = [], runners = [] }: CiGeneratorOptions): Machine[] {
  const said = new Map(runners.map((each) => each.split('=') as [string, string]));
  const wanted = platforms.length > 0 ? platforms : (['linux/amd64'] as const);
  for (const platform of said.keys()) {
    if ((wanted as readonly string[]).includes(platform)) continue;
    throw new GeneratorError(
      `--runners: nothing is built for ${platform}`,
      `Name it in --platforms, beside ${wanted.join(', ')}`,
    );
  }
  const everywhere = platforms.length > 1 ? platformsOfPlugin(tree) : undefined;
  if (everywhere) {
    throw new GeneratorError(
      `--platforms: nx.json has every machine build ${everywhere.join(' and ')}`,
      'Take `platforms` out of the options of @excel2doc/nx-stages there: each machine then builds its own',
    );
  }
  if (platforms.length === 0 && said.size === 0) return [];
  return wanted.map((platform) => {
    const runner = said.get(platform);
    return { platform, ...(runner !== undefined && { runner }) };
  });
}

/** What nx.json tells every machine to build. @throws Error where its options are none */
function platformsOfPlugin(tree: Tree): string[] | undefined {
  for (const entry of readNxJson(tree)?.plugins ?? []) {
    if (typeof entry === 'string' || entry.plugin !== '@excel2doc/nx-stages') continue;
    const { platforms } = resolveOptions(entry.options as PluginOptions | undefined);
    if (platforms !== undefined) return platforms;
  }
  return undefined;
}

/** The lowest that the workspace takes, else the one that runs this. */
function nodeVersionOf(tree: Tree): string {
  const manifest = tree.exists('package.json') ? readJson(tree, 'package.json') : {};
  const wanted = /\d+/.exec(manifest.engines?.node ?? '')?.[0];
  return wanted ?? process.versions.node.split('.')[0] ?? '22';
}
