import { describe, expect, it } from 'vitest';
import { parseContainers } from './containers';
import { projectArguments } from './project';

const row = {
  Name: 'p-redis-1',
  Service: 'redis',
  Image: 'redis:7-bookworm',
  State: 'running',
  Health: 'healthy',
  ExitCode: 0,
  Publishers: [
    { URL: '127.0.0.1', TargetPort: 6379, PublishedPort: 16379, Protocol: 'tcp' },
    { URL: '', TargetPort: 6380, PublishedPort: 0, Protocol: 'tcp' },
  ],
};
const container = {
  name: 'p-redis-1',
  service: 'redis',
  image: 'redis:7-bookworm',
  state: 'running',
  health: 'healthy',
  exitCode: 0,
  ports: [{ address: '127.0.0.1', published: 16379, target: 6379, protocol: 'tcp' }],
};

describe('parseContainers', () => {
  it('reads one object a line (Compose 2.21 and newer)', () => {
    const text = `${JSON.stringify(row)}\n${JSON.stringify({ ...row, Health: '', Publishers: null })}\n`;
    expect(parseContainers(text)).toEqual([
      container,
      { ...container, health: undefined, ports: [] },
    ]);
  });

  it('reads one array (older Compose 2)', () => {
    expect(parseContainers(JSON.stringify([row]))).toEqual([container]);
  });

  it('reads no output as no container', () => expect(parseContainers('\n')).toEqual([]));
});

describe('projectArguments', () => {
  it('chooses files, project, values and profiles', () => {
    const project = {
      files: ['a.yaml', 'b.yaml'],
      project: 'p',
      envFile: '.env',
      profiles: ['test'],
    };
    expect(projectArguments(project).join(' ')).toBe(
      '--ansi never --progress plain --file a.yaml --file b.yaml --project-name p --env-file .env --profile test',
    );
  });
});
