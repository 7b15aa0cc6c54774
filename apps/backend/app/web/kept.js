/** What the service keeps: conversions, schedules, templates, pictures, workbooks; each in a list, with what can be done to it. */
import * as api from './api.js';

const PAGE = 20;

/** @param {string} name @param {string} [text] @param {string} [className] */
function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

const ended = (job) => !['queued', 'running'].includes(job.status);

/**
 * How an item of each list is shown, and its actions by their names in texts.js.
 *
 * @param {any} t the page's words
 */
const shows = {
  jobs: (job, t) => ({
    title: job.template_name
      ? `${job.workbook_name} → ${job.template_name} (${t.version(job.template_version)})`
      : job.workbook_name,
    notes: [
      t.modes[job.mode],
      t.states[job.status],
      job.rows_total ? t.rows(job.rows_done, job.rows_total) : '',
      job.made_by ? t.madeBy(job.made_by) : '',
      job.schedule_name ? t.bySchedule(job.schedule_name) : '',
    ],
    actions: {
      ...(job.status === 'done' ? { download: 'download' } : {}),
      ...(ended(job) ? { again: 'again', remove: 'remove' } : {}),
    },
  }),
  schedules: (schedule, t) => {
    const { name, workbook_name: workbook, template_name: template, last_run: last } = schedule;
    const error = schedule.error ?? last?.error;
    return {
      title: `${name}: ${workbook}${template ? ` → ${template}` : ''}`,
      notes: [
        t.scheduleStates[schedule.status],
        schedule.next_at ? t.scheduleNext(moment(schedule.next_at)) : '',
        last ? t.scheduleLast(moment(last.due_at), t.runStates[last.status]) : '',
        error ? t.reason(error) : '',
      ],
      actions: {
        ...(schedule.status === 'active' ? { pause: 'pause' } : { resume: 'resume' }),
        remove: 'remove',
      },
    };
  },
  templates: (template, t) => ({
    title: template.name,
    notes: [t.version(template.versions.at(-1).number)],
    actions: { remove: 'remove' },
  }),
  'picture-archives': (archive, t) => ({
    title: archive.name,
    notes: [
      t.pictureCount(archive.pictures),
      t.megabytes(Math.max(archive.size_bytes / 1e6, 0.01)),
      t.keptUntil(moment(archive.expires_at)),
    ],
    actions: { use: 'use', remove: 'remove' },
  }),
  workbooks: (workbook, t) => ({
    title: workbook.name,
    notes: [
      t.megabytes(Math.max(workbook.size_bytes / 1e6, 0.01)),
      t.keptUntil(moment(workbook.expires_at)),
    ],
    actions: { use: 'use', remove: 'remove' },
  }),
};

/** @param {string} iso */
const moment = (iso) =>
  new Date(iso).toLocaleString(document.documentElement.lang, {
    dateStyle: 'medium',
    timeStyle: 'short',
  });

/**
 * Fills `details` with its list as long as it is open.
 *
 * @param {any} details its `data-kept` names the list
 * @param {any} t the page's words
 * @param {(action: string, item: any) => Promise<void>} act what a button does
 * @param {string | null} [cursor] of the page that is added to those that are there
 */
export async function showKept(details, t, act, cursor = null) {
  const list = details.querySelector('ul');
  const more = details.querySelector('.more');
  if (!details.open) {
    list.replaceChildren();
    more.hidden = true;
    return;
  }
  const kind = details.dataset.kept;
  const found = await api.list(kind, PAGE, cursor);
  const items = found.items.map((item) => line(kind, item, t, act));
  if (!cursor) list.replaceChildren(...(items.length ? items : [element('li', t.nothingKept, 'quiet')]));
  else list.append(...items);
  more.hidden = !found.next_cursor;
  more.dataset.cursor = found.next_cursor ?? '';
}

function line(kind, item, t, act) {
  const { title, notes, actions } = shows[kind](item, t);
  const words = element('div', undefined, 'grow');
  words.append(
    element('strong', title),
    element('span', [moment(item.created_at), ...notes].filter(Boolean).join(' · '), 'quiet'),
  );
  const buttons = Object.entries(actions).map(([action, word]) => {
    const button = element('button', t[word], 'second');
    button.setAttribute('type', 'button');
    button.setAttribute('aria-label', `${t[word]}: ${title}`);
    button.onclick = () => act(action, item);
    return button;
  });
  const made = element('li');
  made.dataset.id = item.id;
  made.append(words, ...buttons);
  return made;
}
