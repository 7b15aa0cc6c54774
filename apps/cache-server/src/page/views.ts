import type { Grant } from '../access/grant';
import { byteChart, requestChart, rubricChart } from './charts';
import { bytesText, durationText, percentText } from './format';
import { Html, html } from './html';
import type { Overview, Rubric, ScopeLine } from './overview';
import type { EntryQuery } from './entry-query';
import { entriesSection } from './entries-view';
import { style } from './style';

/** Not in a template: the policy's digest is of exactly this text. */
const sheet = new Html(`<style>${style}</style>`);

function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
        ${sheet}
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`.text;
}

/** All that somebody without a token sees. */
export function loginView(failed: boolean): string {
  return page(
    'Nx cache',
    html`<section class="login">
      <h1>Nx cache</h1>
      <p class="soft">Log in with a token of the cache. It shows what that token may read.</p>
      ${failed ? html`<p class="error" role="alert">No valid token.</p>` : null}
      <form method="post" action="/login">
        <input
          name="token"
          type="password"
          aria-label="Token"
          placeholder="e2d_…"
          autocomplete="off"
          required
          autofocus
        /><button>Log in</button>
      </form>
    </section>`,
  );
}

export function overviewView(
  grant: Grant,
  overview: Overview,
  query: EntryQuery,
  nowMs: number,
): string {
  const { totals, days } = overview;
  const asked = totals.hits + totals.misses;
  return page(
    'Nx cache',
    html`<header>
        <h1>Nx cache</h1>
        <form method="post" action="/logout">
          <p class="who">
            ${grant.subject}, scope <span class="tag">${grant.scope}</span> · last 30 days
          </p>
          <button class="plain">Log out</button>
        </form>
      </header>
      <div class="cards">
        ${card('Hit rate', asked === 0 ? '–' : percentText(totals.hits / asked), `${totals.hits} of ${asked} asked`)}
        ${card('Time saved', totals.savedMs === 0 ? '–' : durationText(totals.savedMs), 'of tasks whose duration is known')}
        ${card('Read', bytesText(totals.bytesOut), `${bytesText(totals.bytesIn)} stored`)}
        ${card('Kept', bytesText(overview.storedBytes), `${overview.entryCount} entries`)}
      </div>
      <div class="pair">
        <section>
          <h2>Requests ${key('hits', 'misses')}</h2>
          ${requestChart(days)}
        </section>
        <section>
          <h2>Bytes ${key('read', 'stored')}</h2>
          ${byteChart(days)}
        </section>
      </div>
      <div class="pair">
        ${rubricSection('Time saved and hit rate by project', overview.projects)}${rubricSection('Time saved and hit rate by target', overview.targets)}
      </div>
      <div class="pair">
        <section>
          <h2>Scopes</h2>
          ${scopeTable(overview.scopes)}
        </section>
      </div>
      ${entriesSection(query, overview, nowMs)}`,
  );
}

function card(title: string, value: string, note: string): Html {
  return html`<section>
    <span class="soft">${title}</span><b>${value}</b><span class="soft">${note}</span>
  </section>`;
}

function key(first: string, second: string): Html {
  return html`<span class="key"><i class="a"></i>${first}<i class="b"></i>${second}</span>`;
}

function rubricSection(title: string, rubrics: Rubric[]): Html {
  const none = html`<p class="soft">
    Nothing yet: runs behind the edge report which task an entry is of.
  </p>`;
  return html`<section>
    <h2>${title}</h2>
    ${rubrics.length === 0 ? none : rubricChart(rubrics)}
  </section>`;
}

function scopeTable(scopes: ScopeLine[]): Html {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>Scope</th>
          <th class="n">Entries</th>
          <th class="n">Size</th>
          <th>Written by</th>
        </tr>
      </thead>
      <tbody>
        ${scopes.map(
          ({ scope, entries, bytes, writers }) =>
            html`<tr>
              <td data-label="Scope"><span class="tag">${scope}</span></td>
              <td class="n" data-label="Entries">${entries}</td>
              <td class="n" data-label="Size">${bytesText(bytes)}</td>
              <td data-label="Written by">${writers.join(', ')}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
