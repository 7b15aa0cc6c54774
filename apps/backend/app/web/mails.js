/** A conversion's documents by e-mail: first the list of who would get what, then the mails. */
import * as api from './api.js';

/** An element of index.html, which says of what kind it is. @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const WAIT_MS = 2000;
const SHOWN = 200;
const state = { job: null, mailing: null, ready: 0 };

/** @param {string} name @param {string} [text] @param {string} [className] */
function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

/**
 * Offers to send the documents of `job`, where there are several and it is done.
 *
 * @param {any} job
 * @param {{name: string, sample: string[]}[]} columns the first one with an @ is taken for the addresses
 */
export function offerMails(job, columns) {
  const many = ['per-row', 'per-group'].includes(job.mode) && !job.options.merged;
  $('mail-part').hidden = job.status !== 'done' || !many;
  if ($('mail-part').hidden || state.job === job.id) return;
  Object.assign(state, { job: job.id, mailing: null, ready: 0 });
  $('mail-address').replaceChildren(...columns.map(({ name }) => new Option(name)));
  const found = columns.find(({ sample }) => sample.some((text) => text.includes('@')));
  if (found) $('mail-address').value = found.name;
  forget();
}

/** What was listed is not what would be sent any more. */
function forget() {
  $('mail-send').hidden = true;
  $('mail-status').textContent = '';
  $('mail-table').hidden = true;
}

const wording = () => ({
  job_id: state.job,
  address: $('mail-address').value,
  subject: $('mail-subject').value,
  text: $('mail-text').value,
});

/** @param {any[]} mails @param {any} t the page's words */
function list(mails, t) {
  const lines = mails.slice(0, SHOWN).map((mail) => {
    const problem = mail.problem ?? mail.error;
    const line = element('tr');
    const why = problem ? t.reason(problem) : mail.subject;
    line.append(
      element('td', mail.address || '—'),
      element('td', mail.document),
      element('td', why, problem ? 'warning' : ''),
    );
    return line;
  });
  const head = element('tr');
  for (const name of t.mailColumns) {
    const cell = element('th', name);
    cell.setAttribute('scope', 'col');
    head.append(cell);
  }
  $('mail-list').replaceChildren(head, ...lines);
  $('mail-table').hidden = !mails.length;
}

async function tryIt(t) {
  forget();
  const found = await api.tryMailing(wording());
  state.ready = found.mails.length - found.problems;
  // what would not be sent stands first, so that nobody has to look for it
  list([...found.mails].sort((a, b) => Number(!a.problem) - Number(!b.problem)), t);
  $('mail-status').textContent = t.mailListed(state.ready, found.problems, found.sender);
  $('mail-send').hidden = !state.ready;
}

async function send(t) {
  if (!confirm(t.mailReally(state.ready))) return;
  state.mailing = await api.sendMailing(wording());
  $('mail-send').hidden = true;
  await follow(t);
}

async function follow(t) {
  const { id } = state.mailing;
  for (;;) {
    const { mails } = await api.getMailing(id);
    if (state.mailing?.id !== id) return; // another conversion is looked at by now
    const open = mails.waiting + mails.sending;
    $('mail-status').textContent = t.mailCounts(mails);
    $('mail-cancel').hidden = !open;
    if (!open) break;
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
  const left = await Promise.all(['failed', 'unclear'].map((status) => api.listMails(id, status)));
  list(left.flat(), t);
}

/**
 * @param {() => any} t the page's words
 * @param {(action: () => Promise<void>, button: any) => Promise<void>} guarded shows what goes wrong
 */
export function startMails(t, guarded) {
  for (const id of ['mail-address', 'mail-subject', 'mail-text']) $(id).oninput = forget;
  const full = () => $('mail-subject').reportValidity() && $('mail-text').reportValidity();
  $('mail-try').onclick = () => full() && guarded(() => tryIt(t()), $('mail-try'));
  $('mail-send').onclick = () => full() && guarded(() => send(t()), $('mail-send'));
  $('mail-cancel').onclick = () =>
    guarded(async () => {
      await api.cancelMailing(state.mailing.id);
    }, $('mail-cancel'));
}
