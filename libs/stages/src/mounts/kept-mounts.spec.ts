import { resolveInstructions } from '@excel2doc/dockerfile';
import { describe, expect, it } from 'vitest';
import { planOf } from '../testing/plans';
import { keptMounts } from './kept-mounts';

const of = { stage: 's', platform: 'linux/amd64', namespace: undefined as string | undefined };
const kept = (lines: string[], others: string[] = [], more: Partial<typeof of> = {}) =>
  keptMounts(resolveInstructions(planOf(lines), {}), others, { ...of, ...more });
const run = (mount: string) => `RUN --mount=type=cache,${mount} true`;

describe('the cache mounts that are kept', () => {
  it.each([
    ['/root/.cache/pip', 'pip'],
    ['/home/app/.cache/pip/', 'pip'],
    ['/root/.npm', 'npm'],
    ['/go/pkg/mod', 'go'],
    ['/root/go/pkg/mod', 'go'],
  ])('%s is %s’s', (target, kind) => {
    expect(kept([run(`target=${target}`)])).toMatchObject([{ kind, target }]);
  });

  it.each([
    // It takes a file of the right length unlooked at.
    ['target=/var/cache/apt'],
    ['target=/var/lib/apt'],
    // They hold what lies there to what lies beside it.
    ['target=/root/.cache/uv'],
    ['target=/pnpm/store'],
    ['target=/usr/local/cargo/registry'],
    // What was made of sources, by their time.
    ['target=/src/target'],
    ['target=/root/.cache/go-build'],
    // Its content is told by another stage.
    ['target=/root/.npm,from=deps'],
    ['target=/root/.npm,from=deps,source=/a'],
  ])('%s is not kept', (mount) => {
    expect(kept([run(mount)])).toEqual([]);
  });

  it('are found by what BuildKit finds them by', () => {
    const [mount] = kept([run('id=pip,target=/root/.cache/pip,uid=7,mode=0700,sharing=locked')]);
    expect(mount!.options).toBe('id=pip,uid=7,mode=0700,sharing=locked');
    // BuildKit's own name for one without.
    expect(kept([run('target=/root//.cache/pip/')])[0]!.options).toBe('id=/root/.cache/pip');
    const slots = ['', ',id=a', ',id=b', ',uid=1', ',gid=1', ',mode=0700'].map(
      (more) => kept([run(`target=/root/.npm${more}`)])[0]!.slot,
    );
    expect(new Set(slots).size).toBe(slots.length);
    // One and the same for BuildKit, whoever may wait for whom.
    expect(kept([run('target=/root/.npm,sharing=locked')])[0]!.slot).toBe(slots[0]);
  });

  it('are parted by stage, platform, and for what is no store of downloads by namespace', () => {
    const lines = [run('target=/root/.npm'), run('target=/made')];
    const slots = (more: Partial<typeof of>) =>
      kept(lines, ['/made/'], more).map(({ slot }) => slot);
    const [npm, made] = slots({});
    expect(slots({ stage: 't' })).not.toContain(npm);
    expect(slots({ platform: 'linux/arm64' })).not.toContain(npm);
    expect(slots({ namespace: 'n' })).toEqual([npm, expect.not.stringMatching(made!)]);
  });

  it('stand once however many steps mount them, and substitute variables', () => {
    const lines = ['ENV HOME=/root', run('target=$HOME/.npm'), run('target=/root/.npm')];
    expect(kept(lines)).toHaveLength(1);
  });

  it('at one target are both kept, each by what it is', () => {
    const lines = ['id=a', 'id=b', 'id=a,uid=7'].map((more) => run(`target=/root/.npm,${more}`));
    const options = kept(lines).map((mount) => mount.options);
    expect(options).toEqual(['id=a', 'id=b', 'id=a,uid=7']);
  });

  it('that a word of would have to be quoted are left alone', () => {
    expect(kept(['ENV X="a b"', run('target=/root/.npm,id=$X')])).toEqual([]);
  });
});
