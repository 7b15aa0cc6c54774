import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseDockerfile } from '../src/dockerfile';
import { DockerfileError } from '../src/error';
import { planStages } from '../src/plan/plan-stages';
import type { Engine } from './engine';
import { build, findEngine } from './engine';

const root = mkdtempSync(join(tmpdir(), 'refusals-'));
let engine: Engine;

beforeAll(() => {
  engine = findEngine();
  writeFileSync(join(root, 'a'), '');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const digest = `sha256:${'a'.repeat(64)}`;

/** What the library says, without the place; '' when it takes it. */
function refusal(line: string): string {
  try {
    const dockerfile = parseDockerfile(`FROM scratch\n${line}\n`, { file: 'Dockerfile' });
    planStages(dockerfile, { contextDir: root });
    return '';
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    expect(error.at).toEqual({ file: 'Dockerfile', line: 2, column: 1 });
    return error.message.replace(/^Dockerfile:2:1: /, '');
  }
}

async function ask(name: number, lines: string[]) {
  const dockerfile = join(root, `Dockerfile.${name}`);
  writeFileSync(dockerfile, ['FROM scratch', ...lines, ''].join('\n'));
  return build(engine, { contextDir: root, dockerfile, exportTo: join(root, `out.${name}`) });
}

it('refuses what BuildKit refuses once variables have their values, in its words', async () => {
  const refused = [
    'EXPOSE 80/foo',
    'EXPOSE 8000-7000',
    'EXPOSE 70000',
    'EXPOSE x:80:80',
    'EXPOSE 80-81:80-82',
    'STOPSIGNAL SIGFOO',
    'STOPSIGNAL 0',
    'VOLUME ""',
    'ADD --checksum=x https://a.test/b /',
    'ADD --checksum=sha256:1 https://a.test/b /',
    `ADD --checksum=${digest} a /`,
    'RUN --mount=type=bind,target=/ x',
    'RUN --mount=type=bind x',
    'RUN --mount=type=tmpfs,target=/t,size=big x',
    'RUN []',
    'HEALTHCHECK --interval=1us CMD x',
    'FROM --platform=foo scratch',
  ];
  const answers = await Promise.all(refused.map((line, at) => ask(at, [line])));
  refused.forEach((line, at) => {
    const ours = refusal(line);
    expect(ours, line).not.toBe('');
    expect(answers[at], line).toMatchObject({ ok: false });
    expect(answers[at]!.printed, line).toContain(ours);
  });
}, 120_000);

it('takes what BuildKit takes', async () => {
  const taken = [
    'EXPOSE 80 443/TCP 1000-2000/udp 127.0.0.1:80:80',
    'STOPSIGNAL sigint',
    'STOPSIGNAL RTMIN+3',
    'STOPSIGNAL 64',
    'HEALTHCHECK --interval=0 CMD x',
    'COPY --chmod=755 a /a',
    'FROM --platform=linux scratch',
    'COPY a /a',
  ];
  for (const line of taken) expect(refusal(line), line).toBe('');
  expect(await ask(100, taken)).toMatchObject({ ok: true });
}, 60_000);
