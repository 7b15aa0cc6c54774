import { createHash } from 'node:crypto';
import type { StagePlan } from './plan';

export type StageState = 'hit' | 'rebuild' | 'unknown' | 'failed';

export interface GraphStage {
  name: string;
  plan: StagePlan;
  state: StageState;
}

/** A box of the drawing. */
interface Box {
  id: string;
  title: string;
  lines: string[];
  kind: StageState | 'base' | 'context';
  needs: string[];
}

const wordOf: Record<Box['kind'], string> = {
  hit: 'hit',
  rebuild: 'rebuild',
  unknown: 'not built yet',
  failed: 'failed',
  base: 'image',
  context: '',
};

/** The stages, what they build on and what they read, as a Mermaid flow chart. */
export function mermaidGraph(stages: GraphStage[]): string {
  const boxes = boxesOf(stages);
  const lines = boxes.flatMap(({ id, title, lines, kind, needs }) => {
    const label = [title, wordOf[kind], ...lines].filter(Boolean).map(mermaidText).join('<br>');
    return [`  ${id}["${label}"]:::${kind}`, ...needs.map((need) => `  ${need} --> ${id}`)];
  });
  return [
    'flowchart LR',
    ...lines,
    '  classDef hit fill:#d3f2dc,stroke:#1a7f37,color:#0b2912',
    '  classDef rebuild fill:#ffe2c2,stroke:#bc4c00,color:#3b1600',
    '  classDef unknown fill:#e6eaef,stroke:#59636e,color:#1f2328',
    '  classDef failed fill:#ffd8d3,stroke:#cf222e,color:#4c0a0d',
    '  classDef base fill:#dbeafe,stroke:#0969da,color:#0a1f44',
    '  classDef context fill:#fff,stroke:#59636e,stroke-dasharray:4 3,color:#1f2328',
    '',
  ].join('\n');
}

function mermaidText(text: string): string {
  return text.replace(
    /[&<>"#;`\\\p{Cc}\ud800-\udfff]/gu,
    (character) => `#${character.codePointAt(0)};`,
  );
}

const width = 230;
const lineHeight = 18;
const gap = { x: 70, y: 24 };

/** The same as an SVG of its own, for light and dark pages. */
export function svgGraph(stages: GraphStage[]): string {
  const placed = place(boxesOf(stages));
  const right = Math.max(...placed.map(({ x }) => x + width)) + 20;
  const bottom = Math.max(...placed.map(({ y, height }) => y + height)) + 20;
  const byId = new Map(placed.map((box) => [box.id, box]));
  const edges = placed.flatMap((box) =>
    box.needs.map((need) => {
      const from = byId.get(need)!;
      const [x1, y1, x2, y2] = [
        from.x + width,
        from.y + from.height / 2,
        box.x,
        box.y + box.height / 2,
      ];
      const bend = Math.max(30, (x2 - x1) / 2);
      return `<path class="edge" d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}"/>`;
    }),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="stage-graph" width="${right}" height="${bottom}" viewBox="0 0 ${right} ${bottom}" role="img" aria-label="Stages of the image">`,
    `<style>${style}</style>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>',
    ...edges,
    ...placed.map(boxSvg),
    '</svg>',
    '',
  ].join('\n');
}

// Names the drawing in every rule: inside a page it must not style the rest.
const style = ruled(
  'text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}.edge{fill:none;stroke:#59636e;stroke-width:1.5;marker-end:url(#arrow)}.tip{fill:#59636e}rect{stroke-width:1.5}.hit{fill:#d3f2dc;stroke:#1a7f37}.rebuild{fill:#ffe2c2;stroke:#bc4c00}.unknown{fill:#e6eaef;stroke:#59636e}.failed{fill:#ffd8d3;stroke:#cf222e}.base{fill:#dbeafe;stroke:#0969da}.context{fill:none;stroke:#59636e;stroke-dasharray:4 3}',
  'text{fill:#e6edf3}.edge{stroke:#9198a1}.tip{fill:#9198a1}.hit{fill:#12361f;stroke:#3fb950}.rebuild{fill:#4a2408;stroke:#f0883e}.unknown{fill:#2a313c;stroke:#9198a1}.failed{fill:#4c1113;stroke:#ff7b72}.base{fill:#0c2d52;stroke:#58a6ff}.context{stroke:#9198a1}',
);

function ruled(light: string, dark: string): string {
  const scoped = (rules: string) => rules.replace(/[^{}]+\{/g, '.stage-graph $&');
  return `${scoped(light)}@media(prefers-color-scheme:dark){${scoped(dark)}}`;
}

type Placed = Box & { x: number; y: number; height: number };

// Columns by the longest way from what needs nothing; within one, in the Dockerfile's order.
function place(boxes: Box[]): Placed[] {
  const columnOf = new Map<string, number>();
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const column = (id: string): number => {
    const known = columnOf.get(id);
    if (known !== undefined) return known;
    const needs = byId.get(id)!.needs.map(column);
    const found = needs.length === 0 ? 0 : Math.max(...needs) + 1;
    columnOf.set(id, found);
    return found;
  };
  const filled = new Map<number, number>();
  return boxes.map((box) => {
    const at = column(box.id);
    const height = 2 * 12 + (box.lines.length + 1 + (wordOf[box.kind] ? 1 : 0)) * lineHeight;
    const y = filled.get(at) ?? 20;
    filled.set(at, y + height + gap.y);
    return { ...box, x: 20 + at * (width + gap.x), y, height };
  });
}

function boxSvg({ title, lines, kind, x, y, height }: Placed): string {
  const texts = [title, wordOf[kind], ...lines].filter(Boolean).map((line, index) => {
    const top = y + 12 + (index + 0.75) * lineHeight;
    return `<text${index === 0 ? ' class="title"' : ''} x="${x + 12}" y="${top}">${svgText(short(line))}</text>`;
  });
  return `<g><rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>${texts.join('')}</g>`;
}

function short(text: string): string {
  const characters = [...text];
  return characters.length <= 30 ? text : `${characters.slice(0, 29).join('')}…`;
}

function svgText(text: string): string {
  const printable = text.replace(/[\p{Cc}\ud800-\udfff\ufffe\uffff]/gu, '\ufffd');
  return printable.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const linesShown = 4;

function boxesOf(stages: GraphStage[]): Box[] {
  const boxes = new Map<string, Box>();
  const add = (key: string, box: Omit<Box, 'id'>): string => {
    const id = `n${createHash('sha256').update(key).digest('hex').slice(0, 8)}`;
    if (!boxes.has(id)) boxes.set(id, { id, ...box });
    return id;
  };
  const bare = (title: string, kind: 'base' | 'context', lines: string[] = []) =>
    add(`${kind} ${title}`, { title, kind, lines, needs: [] });
  for (const { name, plan, state } of stages) {
    const needs = plan.stages.map(
      (stage) => `n${createHash('sha256').update(`stage ${stage}`).digest('hex').slice(0, 8)}`,
    );
    if (plan.base.kind === 'image') needs.push(bare(plan.base.reference, 'base'));
    for (const { reference } of plan.images) needs.push(bare(reference, 'base'));
    const reads = readsOf(plan);
    if (reads.length > 0)
      needs.push(
        add(`context of ${name}`, {
          title: 'build context',
          kind: 'context',
          lines: reads,
          needs: [],
        }),
      );
    const paths = plan.output.kind === 'paths' ? plan.output.paths : [];
    const wide = plan.wholeContext.length > 0 ? ['reads the whole context'] : [];
    const open = plan.uncacheable.length > 0 ? ['not cached'] : [];
    add(`stage ${name}`, {
      title: name,
      kind: state,
      lines: [...paths, ...wide, ...open],
      needs: [...new Set(needs)],
    });
  }
  const known = new Set(boxes.keys());
  return [...boxes.values()].map((box) => ({
    ...box,
    needs: box.needs.filter((need) => known.has(need)),
  }));
}

/** The top of what a stage reads: `app/ (32 files)`. */
function readsOf(plan: StagePlan): string[] {
  const counts = new Map<string, number>();
  for (const { path, type } of plan.files) {
    const [top = '', ...rest] = path.split('/');
    const folder = rest.length > 0 || type === 'directory';
    const key = folder ? `${top}/` : top;
    counts.set(key, (counts.get(key) ?? 0) + (type === 'directory' ? 0 : 1));
  }
  const lines = [...counts].map(([name, count]) =>
    name.endsWith('/') ? `${name} (${count} ${count === 1 ? 'file' : 'files'})` : name,
  );
  const more = lines.length - linesShown;
  return more > 0 ? [...lines.slice(0, linesShown), `and ${more} more`] : lines;
}
