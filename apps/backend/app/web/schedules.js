/** A conversion that runs by itself: saved as it stands on the page, with a time. */
import * as api from './api.js';

/** An element of index.html, which says of what kind it is. @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
/** What follows minute and hour in a cron expression, by how often that is. */
const DAYS = { day: '* * *', workday: '* * MON-FRI', week: '* * MON', month: '1 * *', monthEnd: 'L * *' };

/** @param {any} t the page's words */
export function speakSchedules(t) {
  const chosen = $('schedule-every').value || 'month';
  const names = Object.entries(t.scheduleDays).map(([key, name]) => new Option(name, key));
  $('schedule-every').replaceChildren(...names);
  $('schedule-every').value = chosen;
}

/** The mails of a schedule are worded where those of a conversion are, once there is one. */
export function offerScheduledMail() {
  $('schedule-mail-part').hidden = $('mail-part').hidden;
  if ($('mail-part').hidden) $('schedule-mail').checked = false;
}

function writeCron() {
  const days = DAYS[$('schedule-every').value];
  const [hour, minute] = $('schedule-at').value.split(':').map(Number);
  if (days && Number.isInteger(minute)) $('schedule-cron').value = `${minute} ${hour} ${days}`;
}

function whole() {
  const fields = ['schedule-name', 'schedule-cron', 'schedule-zone'];
  if ($('schedule-mail').checked) {
    $('mail-part').open = true;
    fields.push('mail-subject', 'mail-text');
  }
  return fields.every((id) => $(id).reportValidity());
}

function mail() {
  if (!$('schedule-mail').checked) return null;
  const [address, subject, text] = ['address', 'subject', 'text'].map((id) => $(`mail-${id}`).value);
  return { address, subject, text };
}

/** In the page's language. A browser may lack a place that the service knows: then by its own clock, which it names. @param {Date} moment @param {string} timeZone */
function shown(moment, timeZone) {
  const language = document.documentElement.lang;
  try {
    return moment.toLocaleString(language, { timeZone, dateStyle: 'medium', timeStyle: 'short' });
  } catch {
    return moment.toLocaleString(language, { timeZoneName: 'short' });
  }
}

/** @param {any} job as it would be asked for now @param {any} names of its files @param {any} t the page's words */
async function save({ mode, options, template_id = null }, names, t) {
  const zone = $('schedule-zone').value;
  const made = await api.saveSchedule({
    ...{ name: $('schedule-name').value, cron: $('schedule-cron').value, time_zone: zone },
    ...{ workbook_name: names.workbook, pictures_name: names.pictures },
    ...{ mode, options, template_id, mail: mail() },
  });
  const times = made.upcoming.map((/** @type {string} */ moment) => shown(new Date(moment), zone));
  $('schedule-status').textContent = t.scheduleSaved(times, names.workbook);
}

/**
 * @param {() => any} t the page's words
 * @param {(action: () => Promise<void>, button: any) => Promise<void>} guarded shows what goes wrong
 * @param {() => any} wanted what would be converted now, and the names of its files; null: something is missing
 * @param {() => Promise<void>} saved called when there is another schedule
 */
export function startSchedules(t, guarded, wanted, saved) {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  $('schedule-zone').value = timeZone;
  const zones = Intl.supportedValuesOf?.('timeZone') ?? []; // an older browser lists none
  $('zones').replaceChildren(...zones.map((name) => new Option(name)));
  writeCron();
  $('schedule-every').onchange = writeCron;
  $('schedule-at').oninput = writeCron;
  $('schedule-cron').oninput = () => ($('schedule-every').value = 'own');
  $('schedule-part').addEventListener('input', () => ($('schedule-status').textContent = ''));
  $('schedule-save').onclick = () =>
    guarded(async () => {
      const found = wanted();
      if (!found || !whole()) return;
      await save(found.job, found.names, t());
      await saved();
    }, $('schedule-save'));
}
