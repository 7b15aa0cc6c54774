import type { LedgerEntry } from '../ledger/ledger-entry';
import { addressOf, sortings, taskText, type EntryQuery, type Sorting } from './entry-query';
import { agoText, bytesText, timeText } from './format';
import { html, type Html } from './html';
import { pageEntries, type Overview } from './overview';

/** The entries: a form that filters, a table that sorts, and its pages. It works without a script. */
export function entriesSection(query: EntryQuery, overview: Overview, nowMs: number): Html {
  const { entries, matching, choices } = overview;
  const first = (query.page - 1) * pageEntries;
  const shown =
    entries.length === 0 ? 'none shown' : `${first + 1} to ${first + entries.length} shown`;
  return html`<section>
    <div class="headed">
      <h2>Entries <span class="key">${matching} found, ${shown}</span></h2>
    </div>
    <form class="filter" method="get" action="/" role="search">
      ${choice('scope', 'Scope', choices.scopes, query.scope)}
      ${choice('project', 'Project', choices.projects, query.project)}
      ${choice('target', 'Target', choices.targets, query.target)}
      <input
        name="q"
        type="search"
        value="${query.search}"
        placeholder="Hash, writer, path"
        aria-label="Search entries"
      />
      ${kept('sort', query.sort, 'used')}
      ${kept('order', query.isDown ? 'down' : 'up', sortings[query.sort].isDown ? 'down' : 'up')}
      <button>Search</button>
    </form>
    ${entryTable(query, entries, nowMs)} ${pages(query, matching)}
  </section>`;
}

function choice(name: string, label: string, values: readonly string[], chosen: string): Html {
  // One that is gone meanwhile is still what the page shows.
  const all = chosen === '' || values.includes(chosen) ? values : [...values, chosen];
  return html`<label
    >${label}
    <select name="${name}">
      <option value="">All</option>
      ${all.map((value) =>
        value === chosen
          ? html`<option value="${value}" selected>${value}</option>`
          : html`<option value="${value}">${value}</option>`,
      )}
    </select></label
  >`;
}

function kept(name: string, value: string, usual: string): Html | null {
  return value === usual ? null : html`<input type="hidden" name="${name}" value="${value}" />`;
}

function entryTable(query: EntryQuery, entries: LedgerEntry[], nowMs: number): Html {
  if (entries.length === 0) return html`<p class="soft">No entry.</p>`;
  return html`<div class="scroll">
    <table id="entries">
      <thead>
        <tr>
          ${heading(query, 'task', 'Task or outputs')} ${heading(query, 'scope', 'Scope')}
          <th>Written by</th>
          ${heading(query, 'size', 'Size')} ${heading(query, 'hits', 'Hits')}
          ${heading(query, 'used', 'Last used')} ${heading(query, 'stored', 'Stored')}
          <th>Hash</th>
        </tr>
      </thead>
      <tbody>
        ${entries.map((entry) => row(entry, nowMs))}
      </tbody>
    </table>
  </div>`;
}

const numbers: readonly Sorting[] = ['size', 'hits'];

/** A link that sorts by this column, or the other way round where it does so already. */
function heading(query: EntryQuery, sort: Sorting, text: string): Html {
  const isThis = query.sort === sort;
  const isDown = isThis ? !query.isDown : sortings[sort].isDown;
  const link = html`<a href="${addressOf({ ...query, sort, isDown, page: 1 })}">${text}</a>`;
  const side = numbers.includes(sort) ? 'n' : '';
  if (!isThis) return html`<th class="${side}">${link}</th>`;
  const order = query.isDown ? 'descending' : 'ascending';
  return html`<th class="${side}" aria-sort="${order}">${link} ${query.isDown ? '↓' : '↑'}</th>`;
}

function row(entry: LedgerEntry, nowMs: number): Html {
  const { key, writer, sizeBytes, hits, lastUsedMs, createdAtMs } = entry;
  return html`<tr>
    <td data-label="Task or outputs">${taskText(entry)}</td>
    <td data-label="Scope"><span class="tag">${key.scope}</span></td>
    <td data-label="Written by">${writer}</td>
    <td class="n" data-label="Size">${bytesText(sizeBytes)}</td>
    <td class="n" data-label="Hits">${hits}</td>
    <td data-label="Last used">${time(lastUsedMs, nowMs)}</td>
    <td data-label="Stored">${time(createdAtMs, nowMs)}</td>
    <td data-label="Hash"><code>${key.hash}</code></td>
  </tr>`;
}

function time(atMs: number, nowMs: number): Html {
  const iso = new Date(atMs).toISOString();
  return html`<time datetime="${iso}" title="${agoText(atMs, nowMs)}">${timeText(atMs)}</time>`;
}

function pages(query: EntryQuery, matching: number): Html | null {
  const last = Math.max(1, Math.ceil(matching / pageEntries));
  if (last === 1 && query.page === 1) return null;
  const link = (page: number, text: string, rel: string) =>
    html`<a rel="${rel}" href="${addressOf({ ...query, page })}">${text}</a>`;
  return html`<nav class="pages" aria-label="Pages of entries">
    ${query.page > 1 ? link(Math.min(query.page - 1, last), '← Previous', 'prev') : null}
    <span>Page ${query.page} of ${last}</span>
    ${query.page < last ? link(query.page + 1, 'Next →', 'next') : null}
  </nav>`;
}
