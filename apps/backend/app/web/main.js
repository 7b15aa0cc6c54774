import * as api from './api.js';
import { showKept } from './kept.js';
import { offerMails, startMails } from './mails.js';
import { fieldsOf, readMapping, showSelects } from './mapping.js';
import { showPages } from './pages.js';
import { offerPictures, picturesId, picturesName, startPictures, usePictures } from './pictures.js';
import { explain } from './problems.js';
import { offerScheduledMail, speakSchedules, startSchedules } from './schedules.js';
import { texts } from './texts.js';

/** An element of index.html, which says of what kind it is. @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
/** All elements that fit. @type {(selector: string) => NodeListOf<HTMLInputElement>} */
const $$ = (selector) => document.querySelectorAll(selector);
const state = {
  ...{ workbook: null, sheet: null, templates: [], job: null },
  ...{ problem: null, busy: false, mail: false },
};
let language =
  localStorage.getItem('language') || (navigator.language.startsWith('zh') ? 'zh' : 'en');
const t = () => texts[language];

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function speak() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const node of $$('[data-text]'))
    node.textContent = t()[node.dataset.text];
  for (const node of $$('[data-label]'))
    node.setAttribute('aria-label', t()[node.dataset.label]);
  $('language').textContent = t().other;
  $('language').lang = language === 'zh' ? 'en' : 'zh-CN';
  $('how-to-example').textContent = t().howToExample;
  showDrop();
  speakSchedules(t());
  if (state.workbook) showSheet();
  showTemplates();
  if (state.job) showJob(state.job);
  if (state.problem) showProblem(state.problem);
  for (const details of $$('[data-kept]')) void showKept(details, t(), act).catch(() => undefined);
  $('previews').replaceChildren();
}

/** Runs `action` with the button disabled, and shows what goes wrong beside the step that it is of. */
async function guarded(action, button, step = 'convert-section') {
  hideProblem();
  $($(step).hidden ? 'workbook-section' : step).append($('problem'));
  if (button) button.disabled = true;
  try {
    await action();
  } catch (error) {
    if (error.status === 401) $('key-form').hidden = false;
    showProblem(error instanceof api.Problem ? error : { offline: true });
  } finally {
    if (button) button.disabled = false;
  }
}

function hideProblem() {
  state.problem = null;
  $('problem').hidden = true;
}

function showProblem(problem) {
  const before = state.problem;
  state.problem = problem;
  const { title, details } = problem.offline
    ? { title: t().offline, details: [] }
    : explain(problem, language);
  const more = [...details, problem.code].filter(Boolean).join(' · ');
  $('problem').replaceChildren(title, element('small', more));
  $('problem').hidden = false;
  if (problem !== before) $('problem').scrollIntoView({ block: 'nearest' });
}

const sheet = () => state.sheet;
const mode = () => $$('[name=mode]:checked')[0].value;
const manyDocuments = () => ['per-row', 'per-group'].includes(mode());
const template = () => state.templates.find((item) => item.id === $('template').value);

function showDrop() {
  const { busy, workbook } = state;
  $('drop-title').textContent = busy ? t().reading : workbook ? t().dropAnother : t().dropHere;
  $('drop').classList.toggle('small', Boolean(workbook));
}

async function takeWorkbook(file) {
  if (!file) return;
  state.busy = true;
  showDrop();
  try {
    useWorkbook(await api.uploadWorkbook(file));
  } finally {
    state.busy = false;
    $('workbook').value = '';
    showDrop();
  }
}

function useWorkbook(workbook) {
  state.workbook = workbook;
  showDrop();
  const megabytes = Math.max(state.workbook.size_bytes / 1e6, 0.01);
  $('workbook-name').textContent = `${state.workbook.name} · ${t().megabytes(megabytes)}`;
  const visible = state.workbook.sheets.filter((s) => !s.hidden);
  const shown = visible.length ? visible : state.workbook.sheets;
  $('sheet').replaceChildren(...shown.map((s) => new Option(s.name)));
  for (const id of ['sheet-view', 'mode-section', 'convert-section']) $(id).hidden = false;
  state.job = null;
  $('progress-part').hidden = true;
  $('mail-part').hidden = true;
  offerScheduledMail();
  newSheet();
}

function newSheet() {
  state.sheet = state.workbook.sheets.find((s) => s.name === $('sheet').value);
  $('header-row').value = sheet().header_row ?? 0;
  showSheet();
  showMapping();
}

/** Another row is the header: the service says what the columns are called then. */
async function newHeader() {
  const row = $('header-row').value;
  state.sheet = await api.lookAtSheet(state.workbook.id, sheet().name, row);
  $('header-row').value = sheet().header_row ?? 0;
  showSheet();
  showMapping();
}

/** Numbers stand at the right: those of a text file, too, which knows of none. */
function look(column, at) {
  const texts = sheet().sample.map((cells) => cells[at]).filter(Boolean);
  const written = texts.length > 0 && texts.every((text) => NUMBER.test(text));
  return written || ['number', 'duration'].includes(column.kind) ? 'numeric' : '';
}
const NUMBER = /^[\p{Sc}(+\s-]*\d[\d.,'\s]*[\p{Sc}%)\s]*$/u;

function showSheet() {
  const { columns, sample, row_count: rows } = sheet();
  const looks = columns.map(look);
  const row = element('tr');
  for (const [at, column] of columns.entries()) {
    const cell = element('th', column.name, looks[at]);
    cell.scope = 'col';
    row.append(cell);
  }
  const head = element('thead');
  head.append(row);
  const body = element('tbody');
  for (const cells of sample) {
    const line = element('tr');
    line.append(...cells.map((cell, at) => element('td', cell, looks[at])));
    body.append(line);
  }
  $('sample').replaceChildren(head, body);
  showFileNameColumns(columns);
  const grouped = $('group-by').value;
  $('group-by').replaceChildren(...columns.map((column) => new Option(column.name, column.field)));
  const text = columns.find((column) => column.kind === 'text');
  const kept = columns.find((column) => column.field === grouped);
  $('group-by').value = (kept ?? text ?? columns[0])?.field ?? '';
  $('counts').textContent = t().counts(rows, columns.length, sample.length);
}

/** Documents are named after their group or the first column of texts, unless somebody has written a pattern. */
function showFileNameColumns(columns) {
  const picked = columns.find((column) => column.kind === 'text')?.field;
  const options = columns.map((column) => new Option(column.name, `{{ ${column.field} }}`));
  $('file-name-column').replaceChildren(new Option(t().ownPattern, ''), ...options);
  const pattern = $('file-name');
  const own = picked ? `{{ ${picked} }}` : '{{ row_number }}';
  if (!pattern.dataset.written) pattern.value = mode() === 'per-group' ? '{{ group }}' : own;
  $('file-name-column').value = pattern.value;
  if (!$('file-name-column').value) $('file-name-column').value = '';
}

function showTemplates() {
  const chosen = $('template').value;
  const options = state.templates.map((item) => new Option(item.name, item.id));
  $('template').replaceChildren(new Option(t().noTemplate, ''), ...options);
  $('template').value = state.templates.some((item) => item.id === chosen) ? chosen : '';
  showMapping();
}

function showMapping() {
  const needed = mode() !== 'table';
  $('template-part').hidden = !needed;
  $('file-name-part').hidden = !manyDocuments();
  $('merged-part').hidden = !manyDocuments();
  $('group-by-part').hidden = mode() !== 'per-group';
  offerPictures(needed && template(), t());
  if (sheet()) showFileNameColumns(sheet().columns);
  $('previews').replaceChildren();
  showWarnings();
  const shown = needed && template() && state.workbook;
  $('mapping-part').hidden = !shown;
  if (!shown) return;
  const fields = fieldsOf(template().versions.at(-1), mode());
  showSelects($('mapping'), fields, sheet().columns, t().noColumn);
  showUnmapped();
}

/** What the service says about the chosen template, in the page's language. */
function showWarnings() {
  const { warnings = [] } = template()?.versions.at(-1).fields ?? {};
  const lines = warnings.map(({ code, message, names }) => {
    const text = t().warnings[code]?.(names.join(', ')) ?? [message, ...names].join(' ');
    return element('p', text, code === 'MERGE_FIELDS_TAKEN_OVER' ? 'quiet' : 'warning');
  });
  $('template-warnings').replaceChildren(...lines);
}

function showUnmapped() {
  const missing = Object.entries(readMapping($('mapping'))).filter(([, column]) => !column);
  const names = missing.map(([field]) => field);
  $('unmapped').hidden = !names.length || $('blank').checked;
  $('unmapped').textContent = t().unmapped(names.join(', '));
  for (const select of $('mapping').querySelectorAll('select'))
    select.classList.toggle('open', !select.value && !$('blank').checked);
}

function request() {
  const chosen = mode();
  const found = state.workbook.sheets.find((s) => s.name === sheet().name);
  const options = { missing: $('blank').checked ? 'blank' : 'error' };
  if (sheet().header_row !== found.header_row) options.header_row = sheet().header_row ?? 0;
  if (chosen !== 'table' || $('sheet').options.length === 1 || 'header_row' in options)
    options.sheets = [sheet().name];
  if ($('pdf').checked) options.pdf = true;
  const body = { workbook_id: state.workbook.id, mode: chosen, options };
  if (chosen === 'table') return body;
  if (manyDocuments()) options.file_name = $('file-name').value;
  if (manyDocuments() && $('merged').checked) options.merged = true;
  if (chosen === 'per-group') options.group_by = $('group-by').value;
  const mapping = Object.entries(readMapping($('mapping')));
  options.mapping = Object.fromEntries(mapping.filter(([, column]) => column));
  const pictures = picturesId();
  if (pictures) body.pictures_id = pictures;
  return { ...body, template_id: $('template').value || null };
}

async function preview() {
  if (showLack(state.workbook ? '' : t().lacksWorkbook)) return;
  const wanted = request();
  const found = await api.dryRun(wanted);
  const notes = [];
  if (found.missing_fields.length)
    notes.push(element('p', t().missing(found.missing_fields.join(', ')), 'warning'));
  if (found.unused_columns.length && mode() !== 'table')
    notes.push(element('p', t().unused(found.unused_columns.join(', ')), 'quiet'));
  if (manyDocuments())
    notes.push(element('p', t().previewed(found.previews.length, found.rows), 'quiet'));
  const pages = element('div');
  $('previews').replaceChildren(...notes, pages);
  await showPages(pages, wanted, t(), guarded);
}

/** What a conversion lacks, in words; '' when nothing does. */
function lacking() {
  if (!state.workbook) return t().lacksWorkbook;
  if (mode() === 'table') return '';
  if (!template()) return t().lacksTemplate;
  return $('unmapped').hidden ? '' : $('unmapped').textContent;
}

function showLack(lack) {
  $('lacking').textContent = lack;
  $('lacking').hidden = !lack;
  return Boolean(lack);
}

async function start() {
  if (showLack(lacking())) return;
  $('previews').replaceChildren();
  await follow(await api.submitJob(request()));
}

async function follow(job) {
  $('convert-section').hidden = false;
  showJob(job);
  await refreshKept();
  await api.followJob(job.id, showJob);
  await refreshKept();
}

/** The lists that are open, anew. */
async function refreshKept() {
  for (const details of $$('[data-kept]')) await showKept(details, t(), act);
}

/** The list that an item is of. */
const kindOf = (item) => {
  if ('cron' in item) return 'schedules';
  if ('mode' in item) return 'jobs';
  if ('left_out' in item) return 'picture-archives';
  return 'versions' in item ? 'templates' : 'workbooks';
};

/** What a button of a list does. */
async function act(action, item) {
  const pictures = 'left_out' in item;
  const kind = kindOf(item);
  await guarded(
    async () => {
      if (action === 'download') await api.saveResult(item);
      if (action === 'use') {
        if (pictures) usePictures(item, t());
        else useWorkbook(item);
        $(pictures ? 'mode-section' : 'workbook-section').scrollIntoView();
      }
      if (action === 'pause' || action === 'resume') {
        await api.turnSchedule(item.id, action);
        await refreshKept();
      }
      if (action === 'again') await follow(await api.submitJob(api.sameAgain(item)));
      if (action !== 'remove') return;
      if (!confirm(t().removeReally)) return;
      await api.remove(kind, item.id);
      if (picturesId() === item.id) usePictures(null, t());
      await refreshKept();
      if (kind === 'templates') await loadTemplates();
    },
    null,
    'kept-section',
  );
}

function showJob(job) {
  state.job = job;
  const ended = !['queued', 'running'].includes(job.status);
  $('progress-part').hidden = false;
  $('cancel').hidden = ended;
  $('download').hidden = job.status !== 'done';
  if (job.rows_total || ended) {
    $('progress').max = job.rows_total || 1;
    $('progress').value = job.status === 'done' ? $('progress').max : job.rows_done;
  } else $('progress').removeAttribute('value');
  const rows = job.rows_total ? ` · ${t().rows(job.rows_done, job.rows_total)}` : '';
  const name = job.status === 'done' ? ` · ${job.result_name}` : '';
  $('status').textContent = t().states[job.status] + rows + name;
  if (job.error) showProblem(job.error);
  if (state.mail) offerMails(job, columnsWithSamples());
  offerScheduledMail();
}

/** The sheet's columns, each with its first cells. */
const columnsWithSamples = () =>
  sheet().columns.map(({ name }, at) => ({
    name,
    sample: sheet().sample.map((cells) => cells[at] ?? ''),
  }));

async function loadTemplates() {
  state.templates = await api.listTemplates();
  showTemplates();
}

$('language').onclick = () => {
  language = language === 'zh' ? 'en' : 'zh';
  localStorage.setItem('language', language);
  speak();
};
$('key-form').onsubmit = (event) => {
  event.preventDefault();
  api.key.set($('key').value.trim());
  $('key-form').hidden = true;
  guarded(loadTemplates);
};
$('workbook').onchange = (event) => guarded(() => takeWorkbook(event.target.files[0]), null, 'workbook-section');
// A file that misses the frame must not take the page's place.
for (const name of ['dragover', 'drop'])
  window.addEventListener(name, (event) => event.preventDefault());
for (const name of ['dragover', 'dragleave', 'drop'])
  $('drop').addEventListener(name, (event) => {
    $('drop').classList.toggle('over', name === 'dragover');
    if (name === 'drop') guarded(() => takeWorkbook(event.dataTransfer.files[0]), null, 'workbook-section');
  });
$('example').onclick = () =>
  guarded(
    () => takeWorkbook(new File([t().exampleRows], t().exampleName, { type: 'text/csv' })),
    $('example'),
    'workbook-section',
  );
for (const details of $$('[data-kept]')) {
  const show = (cursor) => guarded(() => showKept(details, t(), act, cursor), null, 'kept-section');
  details.addEventListener('toggle', () => show(null));
  details.querySelector('.more').addEventListener('click', (event) => {
    show(/** @type {HTMLElement} */ (event.target).dataset.cursor);
  });
}
$('sheet').onchange = newSheet;
$('header-row').onchange = () => guarded(newHeader, null, 'workbook-section');
$('template').onchange = showMapping;
$('mapping').onchange = showUnmapped;
$('blank').onchange = showUnmapped;
$('template-file').onchange = (event) =>
  guarded(async () => {
    const file = event.target.files[0];
    if (!file) return;
    try {
      const made = await api.uploadTemplate(file);
      await loadTemplates();
      $('template').value = made.id;
    } finally {
      event.target.value = '';
    }
    showMapping();
  }, null, 'mode-section');
for (const radio of $$('[name=mode]')) radio.onchange = showMapping;
$('preview').onclick = () => guarded(preview, $('preview'));
$('file-name-column').onchange = (event) => {
  if (event.target.value) $('file-name').value = event.target.value;
  $('file-name').dataset.written = 'yes';
};
$('file-name').oninput = () => {
  $('file-name').dataset.written = 'yes';
  $('file-name-column').value = $('file-name').value;
  if (!$('file-name-column').value) $('file-name-column').value = '';
};
$('start').onclick = () => guarded(start, $('start'));
$('cancel').onclick = () => guarded(() => api.cancelJob(state.job.id), $('cancel'));
$('download').onclick = () => guarded(() => api.saveResult(state.job), $('download'));

speak();
guarded(loadTemplates);
startMails(t, guarded);
startPictures(t, guarded);
startSchedules(
  t,
  guarded,
  () =>
    showLack(lacking())
      ? null
      : { job: request(), names: { workbook: state.workbook.name, pictures: picturesName() } },
  refreshKept,
);
api.abilities().then(({ pdf, mail }) => {
  $('pdf-part').hidden = !pdf;
  state.mail = mail;
});
