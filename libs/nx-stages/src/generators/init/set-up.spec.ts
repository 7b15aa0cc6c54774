import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { readStages } from '@excel2doc/dockerfile';
import type { LastBuild } from '@excel2doc/stages';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ignoreText } from './ignore-file';
import { suggestions } from './suggestions';
import { summaryText } from './summary';
import { survey } from './survey';

const suggest = (
  text: string,
  measuredMs: (stage: string) => number | undefined = () => undefined,
  lastBuilds: Record<string, LastBuild> = {},
) =>
  suggestions({
    dockerfile: 'api/Dockerfile',
    text,
    stages: readStages(text),
    lastBuilds,
    measuredMs,
  });

describe('a suggestion', () => {
  const slow = 'FROM python AS deps\nCOPY . .\nRUN pip install .\n\nFROM deps\nCMD ["x"]\n';

  test('names the stage and gives the seconds of the step in its last build', () => {
    const steps = [
      { step: 'RUN apt-get update', seconds: 30 },
      { step: 'RUN pip install .', seconds: 11.24 },
    ];
    const found = suggest(slow, () => 41_200, { deps: { steps, inOneLayer: [] } });
    expect(found.map(({ where }) => where)).toEqual(Array(2).fill('api/Dockerfile:1, stage deps'));
    expect(found[0]?.how).toContain('--mount=type=cache,target=/root/.cache/pip');
    expect(found.map(({ saves }) => saves)).toEqual([
      'up to 11.2 s, which it took when it ran last, for each change of the dependencies',
      'up to 11.2 s, which it took when it ran last, for each edit of a source file',
    ]);
  });

  test('invents no number where the step did not run', () => {
    for (const { saves } of suggest(slow, () => 800))
      expect(saves).toMatch(/^depends on .*did not run/);
  });

  test('to part a layer of packages says how large it is', () => {
    const inOneLayer = [{ path: '/opt/venv', packages: 31, sizeBytes: 45 << 20 }];
    const lastBuilds = { deps: { steps: [], inOneLayer } };
    const [found] = suggest('FROM a AS deps\nFROM a\n', undefined, lastBuilds);
    expect(found?.how).toContain('"layering": "package"');
    expect(found?.saves).toContain('31 packages, 45.0 MiB');
  });

  test.each([
    ['npm ci', '/root/.npm'],
    ['uv sync --frozen', '/root/.cache/uv'],
    ['pnpm install', '/root/.local/share/pnpm/store'],
    ['go mod download', '/go/pkg/mod'],
    ['mvn -B package', '/root/.m2'],
  ])('for %s names the folder that it keeps its downloads in', (command, folder) => {
    const [found] = suggest(`FROM a\nCOPY list .\nRUN ${command}\n\nFROM a\n`);
    expect(found?.how).toContain(`target=${folder}`);
  });

  test('to split a stage is made for one that installs after it has the sources, only', () => {
    const what = /runs commands after it has copied/;
    expect(suggest('FROM a\nCOPY src .\nRUN make\n')[0]?.what).toMatch(what);
    expect(suggest('FROM a\nRUN make\nCOPY src .\n')).toEqual([]);
    expect(suggest('FROM a AS b\nCOPY src .\nRUN make\nFROM a\nCOPY --from=b /x /x\n')).toEqual([]);
  });

  test('is not made for a Dockerfile that does all of it', () => {
    const good =
      'FROM a AS deps\nCOPY list .\nRUN --mount=type=cache,target=/root/.npm npm ci\nFROM a\nCOPY --from=deps /m /m\nCOPY . .\n';
    expect(suggest(good)).toEqual([]);
  });
});

describe('the .dockerignore that is written', () => {
  test('leaves out nothing that a stage copies by name', () => {
    const text = ignoreText(readStages('FROM a\nCOPY .env.example node_modules/x ./\n'));
    expect(text).not.toMatch(/node_modules|^\.env\.\*/m);
    expect(text).toMatch(/^\.git$/m);
  });
});

test('a workspace without a Dockerfile is told so, with what to do', () => {
  const summary = { survey: { dockerfiles: [], services: {} }, suggestions: [], unlocked: [] };
  expect(summaryText(summary)).toMatch(/^No Dockerfile here yet\. Write one/);
});

test('the commands that are proposed exist, whatever the stages are called', async () => {
  const tree = createTreeWithEmptyWorkspace();
  const root = mkdtempSync(join(tmpdir(), 'set-up-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  tree.root = root;
  const dockerfile = 'FROM a AS build-deps\nFROM a AS lock-step\nFROM a AS plan\n';
  for (const [file, text] of Object.entries({
    'api/Dockerfile': dockerfile,
    'web/app.Dockerfile': dockerfile,
  })) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
    tree.write(file, text);
  }
  const surveyed = await survey(tree, {});
  expect(surveyed.dockerfiles.map(({ build, lock }) => [build, lock])).toEqual([
    ['docker-build', 'docker-lock'],
    ['docker-build-app', 'docker-lock-app'],
  ]);
});
