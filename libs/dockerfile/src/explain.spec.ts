import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mermaidGraph, svgGraph } from './draw';
import { differenceText, explainDifference } from './explain';
import type { StagePlan } from './plan';
import { PLAN_FORMAT } from './plan';
import { serialisePlan } from './serialise';

const digest = `sha256:${'a'.repeat(64)}`;
const plan: StagePlan = {
  platform: 'linux/amd64',
  output: { kind: 'image' },
  base: { kind: 'image', reference: 'python:3.12', digest },
  instructions: [
    { keyword: 'RUN', text: 'RUN a' },
    { keyword: 'RUN', text: 'RUN b' },
  ],
  args: { A: '1' },
  stages: ['deps'],
  images: [],
  files: [{ path: 'app/<main> & "co".py', type: 'file', mode: '0644', digest }],
  wholeContext: [],
  uncacheable: [],
};
const file = plan.files[0]!;

describe('explainDifference', () => {
  it.each<[Partial<StagePlan>, string[]]>([
    [{}, []],
    [{ files: [] }, ['app/<main> & \\"co\\".py: removed']],
    [{ files: [{ ...file, mode: '0755' }] }, ['app/<main> & \\"co\\".py: mode changed']],
    [{ files: [file, { path: 'b', type: 'directory', mode: '' }] }, ['b: added']],
    [
      { instructions: [plan.instructions[0]!, { keyword: 'RUN', text: 'RUN c' }] },
      ['- RUN b', '+ RUN c'],
    ],
    [{ args: {} }, ['ARG A: 1 -> unset']],
    [{ stages: [] }, ['no longer builds on stage deps']],
    [{ base: { kind: 'scratch' } }, [`base: python:3.12 ${digest} -> scratch`]],
    [{ output: { kind: 'paths', paths: ['/a', '/b'] } }, ['output: image -> /a /b']],
    [{ images: [{ reference: 'uv', digest: null }] }, ['image uv: not used -> not locked']],
    [{ frontend: { escape: '`' } }, ['frontend: default -> escape=`']],
    [{ uncacheable: [{ reason: 'x' }] }, ['now uncacheable: x']],
  ])('%j', (change, expected) => {
    expect(explainDifference(plan, { ...plan, ...change }).map(differenceText)).toEqual(expected);
  });

  it('finds a difference if, and only if, the bytes of the plans differ', () => {
    const name = fc.constantFrom('a', 'b');
    const arbitrary = fc.record({
      args: fc.dictionary(name, name),
      stages: fc.uniqueArray(name).map((names) => names.sort()),
      instructions: fc.array(name.map((text) => ({ keyword: 'RUN' as const, text }))),
      files: fc
        .uniqueArray(
          fc.record({ path: name, type: fc.constant('file' as const), mode: name, digest: name }),
          { selector: ({ path }) => path },
        )
        .map((files) => files.sort((x, y) => (x.path < y.path ? -1 : 1))),
    });
    const bytes = (one: StagePlan) =>
      serialisePlan({
        format: PLAN_FORMAT,
        stage: 's',
        platforms: [{ ...one, args: sorted(one.args) }],
      });
    fc.assert(
      fc.property(arbitrary, arbitrary, (left, right) => {
        const [before, after] = [
          { ...plan, ...left },
          { ...plan, ...right },
        ];
        const differs = explainDifference(before, after).length > 0;
        expect(differs).toBe(bytes(before) !== bytes(after));
      }),
    );
  });
});

function sorted(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort());
}

describe('the graph', () => {
  const stages = [
    { name: 'deps', plan: { ...plan, stages: [] }, state: 'hit' as const },
    { name: 'runner', plan, state: 'rebuild' as const },
  ];

  it('names stages, bases and what is read, and joins what builds on what', () => {
    const text = mermaidGraph(stages);
    const id = (title: string) => new RegExp(`(n[0-9a-f]{8})\\["${title}<br>`).exec(text)?.[1];
    expect(text).toContain(`${id('deps')} --> ${id('runner')}`);
    expect(text).toContain('python:3.12');
    expect(text).toContain('app/ (1 file)');
    expect(text).toMatch(/deps<br>hit"\]:::hit/);
  });

  it('is an SVG with a box for each, whatever the names hold', () => {
    const odd = { ...plan, files: [{ ...file, path: 'a<b>&"\udcff\n' }] };
    const text = svgGraph([{ name: 'runner', plan: odd, state: 'unknown' }]);
    expect(text.match(/<rect /g)).toHaveLength(3);
    expect(text).toContain('a&lt;b&gt;&amp;"\ufffd\ufffd');
    expect(text).toContain('prefers-color-scheme:dark');
  });
});
