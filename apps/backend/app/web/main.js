import * as api from './api.js';
import { texts } from './texts.js';

const $ = (id) => document.getElementById(id);
const state = { workbook: null, templates: [], job: null };
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
  for (const node of document.querySelectorAll('[data-text]'))
    node.textContent = t()[node.dataset.text];
  for (const node of document.querySelectorAll('[data-label]'))
    node.setAttribute('aria-label', t()[node.dataset.label]);
  $('language').textContent = t().other;
  if (state.workbook) showSheet();
  showTemplates();
  if (state.job) showJob(state.job);
}

/** Runs `action` with the button disabled, and shows what goes wrong where everybody sees it. */
async function guarded(action, button) {
  $('problem').hidden = true;
  if (button) button.disabled = true;
  try {
    await action();
  } catch (error) {
    if (error.status === 401) $('key-form').hidden = false;
    showProblem(error instanceof api.Problem ? error : { message: t().offline });
  } finally {
    if (button) button.disabled = false;
  }
}

function showProblem({ message, hint, code }) {
  $('problem').replaceChildren(message, element('small', [hint, code].filter(Boolean).join(' · ')));
  $('problem').hidden = false;
}

const sheet = () => state.workbook.sheets.find((s) => s.name === $('sheet').value);
const mode = () => document.querySelector('[name=mode]:checked').value;
const template = () => state.templates.find((item) => item.id === $('template').value);

async function takeWorkbook(file) {
  if (!file) return;
  $('drop').querySelector('strong').textContent = t().reading;
  try {
    state.workbook = await api.uploadWorkbook(file);
  } finally {
    $('drop').querySelector('strong').textContent = t().dropHere;
  }
  $('workbook-name').textContent = state.workbook.name;
  const visible = state.workbook.sheets.filter((s) => !s.hidden);
  const shown = visible.length ? visible : state.workbook.sheets;
  $('sheet').replaceChildren(...shown.map((s) => new Option(s.name)));
  for (const id of ['sheet-view', 'mode-section', 'convert-section']) $(id).hidden = false;
  $('progress-part').hidden = true;
  $('previews').replaceChildren();
  newSheet();
}

function newSheet() {
  $('header-row').value = sheet().header_row ?? 0;
  showSheet();
  showMapping();
}

function showSheet() {
  const { columns, sample, row_count: rows } = sheet();
  const head = element('tr');
  head.append(...columns.map((column) => element('th', column.name)));
  const body = sample.map((cells) => {
    const row = element('tr');
    row.append(...cells.map((cell) => element('td', cell)));
    return row;
  });
  $('sample').replaceChildren(head, ...body);
  $('counts').textContent = t().counts(rows, columns.length);
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
  $('file-name-part').hidden = mode() !== 'per-row';
  const fields = needed && template() ? template().versions.at(-1).fields : null;
  $('mapping-part').hidden = !fields || !state.workbook;
  if (!fields || !state.workbook) return;
  const names = [
    ...new Set(mode() === 'single' ? [...fields.looped, ...fields.single] : fields.single),
  ];
  const columns = sheet().columns;
  const chosen = Object.fromEntries(
    [...$('mapping').querySelectorAll('select')].map((select) => [
      select.dataset.field,
      select.value,
    ]),
  );
  $('mapping').replaceChildren(
    ...names.map((name) => {
      const label = element('label', name);
      const select = element('select');
      select.dataset.field = name;
      select.append(
        new Option(t().noColumn, ''),
        ...columns.map((c) => new Option(c.name, c.field)),
      );
      select.value = columns.some((c) => c.field === chosen[name])
        ? chosen[name]
        : (columns.find((c) => c.field === name || c.name === name)?.field ?? '');
      label.append(select);
      return label;
    }),
  );
}

function request() {
  const chosen = mode();
  const options = { missing: $('blank').checked ? 'blank' : 'error' };
  const header = Number($('header-row').value);
  if (header !== (sheet().header_row ?? 0)) options.header_row = header;
  if (chosen !== 'table' || $('sheet').options.length === 1 || 'header_row' in options)
    options.sheets = [$('sheet').value];
  const body = { workbook_id: state.workbook.id, mode: chosen, options };
  if (chosen === 'table') return body;
  if (chosen === 'per-row') options.file_name = $('file-name').value;
  options.mapping = Object.fromEntries(
    [...$('mapping').querySelectorAll('select')]
      .filter((select) => select.value)
      .map((select) => [select.dataset.field, select.value]),
  );
  return { ...body, template_id: $('template').value || null };
}

async function preview() {
  const found = await api.dryRun(request());
  const notes = [];
  if (found.missing_fields.length) notes.push(t().missing(found.missing_fields.join(', ')));
  if (found.unused_columns.length && mode() !== 'table')
    notes.push(t().unused(found.unused_columns.join(', ')));
  const papers = found.previews.map(({ name, lines }) => {
    const paper = element('div', undefined, 'sheet-of-paper');
    paper.append(element('strong', name), lines.join('\n'));
    return paper;
  });
  $('previews').replaceChildren(...notes.map((note) => element('p', note, 'quiet')), ...papers);
}

async function start() {
  $('previews').replaceChildren();
  const job = await api.submitJob(request());
  showJob(job);
  await api.followJob(job.id, showJob);
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
  $('status').textContent = t().states[job.status] + rows;
  if (job.error) showProblem(job.error);
}

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
$('workbook').onchange = (event) => guarded(() => takeWorkbook(event.target.files[0]));
for (const name of ['dragover', 'dragleave', 'drop'])
  $('drop').addEventListener(name, (event) => {
    event.preventDefault();
    $('drop').classList.toggle('over', name === 'dragover');
    if (name === 'drop') guarded(() => takeWorkbook(event.dataTransfer.files[0]));
  });
$('sheet').onchange = newSheet;
$('template').onchange = showMapping;
$('template-file').onchange = (event) =>
  guarded(async () => {
    const file = event.target.files[0];
    if (!file) return;
    const made = await api.uploadTemplate(file);
    event.target.value = '';
    await loadTemplates();
    $('template').value = made.id;
    showMapping();
  });
for (const radio of document.querySelectorAll('[name=mode]')) radio.onchange = showMapping;
$('preview').onclick = () => guarded(preview, $('preview'));
$('start').onclick = () => guarded(start, $('start'));
$('cancel').onclick = () => guarded(() => api.cancelJob(state.job.id), $('cancel'));
$('download').onclick = () => guarded(() => api.saveResult(state.job), $('download'));

speak();
guarded(loadTemplates);
