import type { Counts } from '../ledger/day-totals';
import { bytesText, durationText, percentText } from './format';
import { html, type Html } from './html';
import type { Rubric } from './overview';

const height = 120;
const step = 20;

type Day = { day: string; counts: Counts };

/** Hits and misses of each day, one on the other. */
export function requestChart(days: Day[]): Html {
  const most = Math.max(1, ...days.map(({ counts }) => counts.hits + counts.misses));
  return columns('Hits and misses by day', days, ({ counts }) => {
    const { hits, misses } = counts;
    const asked = hits + misses;
    const text =
      asked === 0
        ? 'nothing asked'
        : `${hits} hits, ${misses} misses (${percentText(hits / asked)})`;
    return {
      text,
      parts: [
        ['hit', hits / most],
        ['miss', misses / most],
      ],
    };
  });
}

/** Bytes read and stored on each day. */
export function byteChart(days: Day[]): Html {
  const most = Math.max(1, ...days.map(({ counts }) => counts.bytesOut + counts.bytesIn));
  return columns('Bytes read and stored by day', days, ({ counts: { bytesOut, bytesIn } }) => ({
    text: `${bytesText(bytesOut)} read, ${bytesText(bytesIn)} stored`,
    parts: [
      ['out', bytesOut / most],
      ['in', bytesIn / most],
    ],
  }));
}

/** A line for each rubric, the one that saved most time first. */
export function rubricChart(rubrics: Rubric[]): Html {
  const most = Math.max(1, ...rubrics.map(({ counts }) => counts.savedMs));
  return html`<ul class="bars">
    ${rubrics.map(
      ({ name, counts }) =>
        html`<li>
          <span class="name">${name}</span>
          <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect class="track" width="100" height="8" />
            <rect class="hit" width="${((counts.savedMs / most) * 100).toFixed(1)}" height="8" />
          </svg>
          <span class="value">${durationText(counts.savedMs)} · ${rateText(counts)}</span>
        </li>`,
    )}
  </ul>`;
}

/** Of the tasks that were asked for, how many were there. */
function rateText({ hits, ran }: Counts): string {
  const asked = hits + ran;
  return asked === 0 ? '–' : `${percentText(hits / asked)} of ${asked}`;
}

function columns(
  label: string,
  days: Day[],
  of: (day: Day) => { text: string; parts: [name: string, share: number][] },
): Html {
  const bars = days.map((day, at) => {
    const { text, parts } = of(day);
    let top = height;
    const rects = parts.map(([name, share]) => {
      const tall = share * (height - 4);
      top -= tall;
      return html`<rect
        class="${name}"
        x="${at * step + 2}"
        y="${top.toFixed(1)}"
        width="${step - 4}"
        height="${tall.toFixed(1)}"
      />`;
    });
    return html`<g
      ><title>${day.day}: ${text}</title
      ><rect
        class="track"
        x="${at * step + 2}"
        y="0"
        width="${step - 4}"
        height="${height}"
      />${rects}</g
    >`;
  });
  return html`<figure>
    <svg viewBox="0 0 ${days.length * step} ${height}" role="img" aria-label="${label}">
      ${bars}
    </svg>
    <figcaption>
      <span>${days[0]?.day ?? ''}</span><span>${days.at(-1)?.day ?? ''}</span>
    </figcaption>
  </figure>`;
}
