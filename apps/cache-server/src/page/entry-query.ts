import type { LedgerEntry } from '../ledger/ledger-entry';

/** By what the entries can be sorted; of each, what comes first when it is chosen. */
export const sortings = {
  used: { isDown: true, compare: byNumber((entry) => entry.lastUsedMs) },
  stored: { isDown: true, compare: byNumber((entry) => entry.createdAtMs) },
  size: { isDown: true, compare: byNumber((entry) => entry.sizeBytes) },
  hits: { isDown: true, compare: byNumber((entry) => entry.hits) },
  task: { isDown: false, compare: byTask },
  scope: { isDown: false, compare: byText((entry) => entry.key.scope) },
} as const;

export type Sorting = keyof typeof sortings;

/** Which entries somebody wants to see, and in which order. */
export interface EntryQuery {
  search: string;
  /** Empty: of every one. */
  scope: string;
  project: string;
  target: string;
  sort: Sorting;
  isDown: boolean;
  /** From 1. */
  page: number;
}

const maxCharacters = 200;
const maxPage = 100_000;

/** What the address asks for; what it says wrongly is as if it were not there. */
export function readQuery(raw: unknown): EntryQuery {
  const given = raw as Record<string, unknown>;
  const text = (name: string) => {
    const value = given[name];
    return typeof value === 'string' ? value.slice(0, maxCharacters) : '';
  };
  const sort = Object.hasOwn(sortings, text('sort')) ? (text('sort') as Sorting) : 'used';
  const order = text('order');
  const page = /^\d{1,6}$/.test(text('page')) ? Number(text('page')) : 1;
  return {
    search: text('q'),
    scope: text('scope'),
    project: text('project'),
    target: text('target'),
    sort,
    isDown: order === 'down' || order === 'up' ? order === 'down' : sortings[sort].isDown,
    page: Math.min(maxPage, Math.max(1, page)),
  };
}

/** The address of the page that shows `query`; what is as it always is stays out of it. */
export function addressOf(query: EntryQuery): string {
  const { search, scope, project, target, sort, isDown, page } = query;
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries({ q: search, scope, project, target }))
    if (value !== '') parameters.set(name, value);
  if (sort !== 'used') parameters.set('sort', sort);
  if (isDown !== sortings[sort].isDown) parameters.set('order', isDown ? 'down' : 'up');
  if (page > 1) parameters.set('page', String(page));
  const text = parameters.toString();
  return text === '' ? '/' : `/?${text}`;
}

/** Whether an entry is of what is asked for, the order aside. */
export function matcherOf(query: EntryQuery): (entry: LedgerEntry) => boolean {
  const { scope, project, target } = query;
  const wanted = query.search.trim().toLowerCase();
  return ({ key, writer, outputs, task }) => {
    if (scope !== '' && key.scope !== scope) return false;
    if (project !== '' && task?.project !== project) return false;
    if (target !== '' && task?.target !== target) return false;
    if (wanted === '') return true;
    const texts = [key.hash, key.scope, writer, task?.project ?? '', task?.target ?? ''];
    return [...texts, ...outputs].some((text) => text.toLowerCase().includes(wanted));
  };
}

/** How two entries stand to each other; never equal, so that pages neither repeat nor lose one. */
export function orderOf({ sort, isDown }: EntryQuery): (a: LedgerEntry, b: LedgerEntry) => number {
  const { compare } = sortings[sort];
  return (a, b) => (isDown ? compare(b, a) : compare(a, b)) || byKey(a, b);
}

function byNumber(of: (entry: LedgerEntry) => number) {
  return (a: LedgerEntry, b: LedgerEntry) => of(a) - of(b);
}

function byText(of: (entry: LedgerEntry) => string) {
  return (a: LedgerEntry, b: LedgerEntry) => compareText(of(a), of(b));
}

function byTask(a: LedgerEntry, b: LedgerEntry): number {
  // No text is put together for it: it is asked some hundred thousand times a page.
  return (
    compareText(a.task?.project ?? a.outputs[0] ?? '', b.task?.project ?? b.outputs[0] ?? '') ||
    compareText(a.task?.target ?? '', b.task?.target ?? '')
  );
}

function byKey({ key: a }: LedgerEntry, { key: b }: LedgerEntry): number {
  return compareText(a.scope, b.scope) || compareText(a.hash, b.hash);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `app:build`, or its first output where nobody has said which task it is of. */
export function taskText({ task, outputs }: LedgerEntry): string {
  return task ? `${task.project}:${task.target}` : (outputs[0] ?? '–');
}
