// Takes 40 s.
import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from './testing/nx-workspace';

/** Three images, each on the one before it, and the labels that each has by its Dockerfile and by declaration. */
const LEVELS = ['low', 'mid', 'top'] as const;
type Level = (typeof LEVELS)[number];
const SAYS = ['none', 'file', 'said', 'both'] as const;
/** A label for every way in which the three may say it or not: `x.none.file.both`. */
const WAYS = SAYS.flatMap((low) => SAYS.flatMap((mid) => SAYS.map((top) => ({ low, mid, top }))));

const prefix = `inherited-${randomBytes(4).toString('hex')}`;
const nameOf = (way: (typeof WAYS)[number]) => `x.${LEVELS.map((level) => way[level]).join('.')}`;
const namesAt = (level: Level, by: 'file' | 'said') =>
  WAYS.filter((way) => [by, 'both'].includes(way[level])).map(nameOf);
const OCI = 'org.opencontainers.image';

function dockerfile(level: Level, base: string): string {
  const [first = [], second = []] = [0, 1].map((half) =>
    namesAt(level, 'file').filter((_, at) => at % 2 === half),
  );
  const label = (name: string) => `LABEL "${name}"=${level}-file\n`;
  // What stands in a stage that is not built on, no image has.
  return `FROM scratch AS aside
LABEL aside=${level}
FROM ${base} AS begun
${first.map(label).join('')}
FROM begun AS out
${second.map(label).join('')}LABEL ${OCI}.revision=${level} ${OCI}.title=${level}
COPY ${level}.txt /
`;
}

const saidAt = (level: Level) =>
  Object.fromEntries(namesAt(level, 'said').map((name) => [name, `${level}-said`]));

function compose(): string {
  const services = LEVELS.map((level) => {
    const build = { context: `c-${level}`, labels: saidAt(level) };
    return [level, { image: `${prefix}/plain-c-${level}:1`, build }];
  });
  return JSON.stringify({ services: Object.fromEntries(services) });
}

function bake(): string {
  const target = LEVELS.map((level, at) => {
    const below = LEVELS[at - 1];
    return [
      `b-${level}`,
      {
        context: `b-${level}`,
        labels: saidAt(level),
        tags: [`${prefix}/plain-b-${level}:1`],
        ...(below && { contexts: { under: `target:b-${below}` } }),
      },
    ];
  });
  return JSON.stringify({ target: Object.fromEntries(target) });
}

let engine: Engine;
const workspace = new NxWorkspace({ NX_STAGES_TAG: 'ours' });

beforeAll(async () => {
  engine = await locateEngine();
  const options = {
    imageName: `${prefix}/{projectName}`,
    labels: [`${OCI}.revision={{commit}}`, 'shop=acme'],
  };
  const plugins = [{ plugin: '@excel2doc/nx-stages', options }];
  const files = LEVELS.flatMap((level, at) =>
    ['c', 'b'].map((by) => {
      const below = by === 'b' ? 'under' : `${prefix}/plain-c-${LEVELS[at - 1]}:1`;
      return {
        [`${by}-${level}/Dockerfile`]: dockerfile(level, at === 0 ? 'scratch' : below),
        [`${by}-${level}/${level}.txt`]: `${level}\n`,
      };
    }),
  );
  await workspace.start({
    ...Object.assign({}, ...files),
    'compose.yaml': compose(),
    'docker-bake.json': bake(),
    // Of this image alone, as a target's option.
    'c-low/project.json': JSON.stringify({
      name: 'c-low',
      targets: { 'docker-build': { options: { labels: ['only=low'] } } },
    }),
    'nx.json': JSON.stringify({ analytics: false, cacheDirectory: '.nx/cache', plugins }),
  });
  for (const level of LEVELS) plain('compose', 'build', '-q', level);
  plain('buildx', 'bake', '--provenance=false', '--load', ...LEVELS.map((level) => `b-${level}`));
  await workspace.tasks('run-many', '-t', 'docker-build');
}, 300_000);

afterAll(async () => {
  for (const { repository, tag } of (await engine?.listImages([`reference=${prefix}/*`])) ?? [])
    await engine.removeImage(`${repository}:${tag}`);
  workspace.remove();
});

function plain(...args: string[]): void {
  const { docker, env } = engine;
  execFileSync(docker, args, {
    cwd: workspace.root,
    env: { ...process.env, ...env },
    stdio: 'pipe',
  });
}

async function labelsOf(image: string): Promise<Record<string, string>> {
  const command = ['image', 'inspect', '--format', '{{json .Config.Labels}}', image];
  return JSON.parse((await engine.command(command)).stdout) as Record<string, string>;
}

test.each(['c', 'b'].flatMap((by) => LEVELS.map((level) => `${by}-${level}`)))(
  '%s has the labels that a plain build of it has, and its own revision',
  async (name) => {
    const theirs = await labelsOf(`${prefix}/plain-${name}:1`);
    const ours = await labelsOf(`${prefix}/${name}:ours`);
    expect(Object.keys(theirs).filter((each) => each.startsWith('x.')).length).toBeGreaterThan(40);
    const revision = `${OCI}.revision`;
    const head = (await workspace.git('rev-parse', 'HEAD')).trim();
    expect(theirs[revision]).toBe(name.split('-')[1]);
    // docs/how-to/labels.md: options go before all, and those of a lower image are its alone.
    const own = name === 'c-low' ? { only: 'low' } : { [revision]: head, shop: 'acme' };
    const {
      'com.docker.compose.project': _,
      'com.docker.compose.service': __,
      'com.docker.compose.version': ___,
      ...all
    } = theirs;
    expect(ours).toEqual({ ...all, ...own });
  },
);
