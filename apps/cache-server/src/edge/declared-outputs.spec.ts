import { describe, expect, it } from 'vitest';
import { PlaceCheck } from '../archive/workspace-place';
import { outputBases } from './declared-outputs';

const node = { name: 'app', data: { root: 'apps/app', targets: {} } };

describe('declared outputs', () => {
  it.each([
    [['{workspaceRoot}/dist/{projectRoot}'], ['dist/apps/app']],
    [['{projectRoot}/build/**/*.js'], ['apps/app/build']],
    [['{options.outputPath}/x'], ['out/a/x', 'out/b/x']],
    [['{options.unknown}'], ['']],
    [['dist/{projectName}', '!dist/app/x'], ['dist/app']],
    [['{workspaceRoot}/*.json'], ['']],
    [undefined, ['dist/apps/app', 'apps/app/dist', 'apps/app/build', 'apps/app/public']],
  ])('%j lie below %j', (outputs, bases) => {
    const options = { outputPath: 'out/a' };
    const configurations = { production: { outputPath: 'out/b' } };
    const target = { ...(outputs && { outputs }), options, configurations };
    expect(outputBases(node, target)).toEqual(bases);
  });
});

describe('an archive for a workspace', () => {
  const tasks = [['dist/a', 'docs/a'], ['dist/b']];
  const check = () => new PlaceCheck({ root: '/nowhere', tasks });

  it('may hold what one task makes', () => {
    const place = check();
    place.take('dist', 'folder');
    place.take('dist/a/x', 'file');
    place.take('docs/a', 'link');
  });

  it('may hold nothing else, nor what two tasks make', () => {
    for (const path of ['package.json', 'dist', 'dist/ab', 'dist/c/x'])
      expect(() => check().take(path, 'file'), path).toThrow(/no output of any one task/);
    const place = check();
    place.take('dist/a/x', 'file');
    expect(() => place.take('dist/b/x', 'file')).toThrow(/no output/);
  });

  it('may put nothing where the workspace has something of another kind', () => {
    const place = new PlaceCheck({ root: __dirname, tasks: null });
    expect(() => place.take('declared-outputs.ts', 'folder')).toThrow(/has a file/);
    expect(() => place.take('../edge', 'link')).toThrow(/has a folder/);
    expect(() => place.take('declared-outputs.ts/x', 'file')).not.toThrow();
    place.take('declared-outputs.ts', 'file');
    place.take('not-there', 'link');
  });
});
