/** The service's API, as far as the page needs it. */
const base = '/api/v1';

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.status = status;
    this.code = body.code;
    this.hint = body.hint;
  }
}

export const key = {
  get: () => localStorage.getItem('key') || '',
  set: (value) => localStorage.setItem('key', value),
};

async function call(path, options = {}) {
  const headers = { ...options.headers };
  if (key.get()) headers.Authorization = `Bearer ${key.get()}`;
  if (options.json) headers['Content-Type'] = 'application/json';
  const body = options.json ? JSON.stringify(options.json) : options.body;
  const response = await fetch(base + path, { ...options, headers, body });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({ title: response.statusText }));
  throw new Problem(response.status, problem);
}

const json = async (path, options) => (await call(path, options)).json();

function form(file) {
  const data = new FormData();
  data.append('file', file);
  return data;
}

export const uploadWorkbook = (file) => json('/workbooks', { method: 'POST', body: form(file) });
export const uploadPictures = (file) =>
  json('/picture-archives', { method: 'POST', body: form(file) });
export const lookAtSheet = (id, name, headerRow) =>
  json(`/workbooks/${id}/sheet?${new URLSearchParams({ name, header_row: headerRow || '0' })}`);
export const uploadTemplate = (file) => json('/templates', { method: 'POST', body: form(file) });
export const listTemplates = async () => (await json('/templates?limit=100')).items;
export const list = (kind, limit, cursor) =>
  json(`/${kind}?${new URLSearchParams({ limit, ...(cursor ? { cursor } : {}) })}`);
export const remove = (kind, id) => call(`/${kind}/${id}`, { method: 'DELETE' });
export const dryRun = (job) => json('/dry-runs', { method: 'POST', json: job });
export const makePreview = (wanted) => json('/previews', { method: 'POST', json: wanted });
export const getPreview = (id) => json(`/previews/${id}`);
export const previewDocument = async (id, number) =>
  (await call(`/previews/${id}/documents/${number}/file`)).arrayBuffer();
export const cancelJob = (id) => json(`/jobs/${id}/cancel`, { method: 'POST' });

/** The request that made a job, to be sent again. */
export const sameAgain = ({ workbook_id, template_id, template_version, pictures_id, mode, options }) => ({
  ...{ workbook_id, template_id, template_version, pictures_id, mode, options },
});

/** Sent twice by a bad line, it makes one thing. */
const make = (path, body) => {
  const once = { 'Idempotency-Key': crypto.randomUUID?.() ?? String(Math.random()) };
  return json(path, { method: 'POST', json: body, headers: once });
};
export const submitJob = (job) => make('/jobs', job);
export const saveSchedule = (schedule) => make('/schedules', schedule);
/** @param {string} way pause or resume */
export const turnSchedule = (id, way) => json(`/schedules/${id}/${way}`, { method: 'POST' });

/** Calls `tell` with the job at each change, until it has ended; survives a cut stream. */
export async function followJob(id, tell) {
  for (;;) {
    try {
      const response = await call(`/jobs/${id}/events`);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let pending = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const events = (pending + value).split('\n\n');
        pending = events.pop();
        for (const event of events) {
          const data = event.split('\n').find((line) => line.startsWith('data: '));
          if (data) tell(JSON.parse(data.slice(6)));
        }
      }
    } catch (error) {
      if (error instanceof Problem && error.status < 500) throw error;
    }
    const job = await json(`/jobs/${id}`).catch(() => null);
    if (job) tell(job);
    if (job && !['queued', 'running'].includes(job.status)) return job;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** Whether PDFs are made and e-mail is sent; a service that is not ready does neither. */
export async function abilities() {
  const ready = await fetch('/health/ready').then((response) => response.json(), () => null);
  return { pdf: Boolean(ready?.pdf_workers), mail: Boolean(ready?.mail) };
}

export const tryMailing = (wording) => json('/mailing-dry-runs', { method: 'POST', json: wording });
export const sendMailing = (wording) => json('/mailings', { method: 'POST', json: wording });
export const getMailing = (id) => json(`/mailings/${id}`);
export const listMails = async (id, status) =>
  (await json(`/mailings/${id}/mails?${new URLSearchParams({ status })}`)).items;
export const cancelMailing = (id) => json(`/mailings/${id}/cancel`, { method: 'POST' });

/** Where a picture can be shown from: with a key, the page has to fetch it. */
export async function previewPage(id, number, page) {
  const path = `/previews/${id}/documents/${number}/pages/${page}`;
  return key.get() ? URL.createObjectURL(await (await call(path)).blob()) : base + path;
}

/** Without a key the browser streams to disk; with one, the page has to ask, and holds it all. */
export async function saveResult(job) {
  const path = `/jobs/${job.id}/result`;
  const link = document.createElement('a');
  link.download = job.result_name;
  link.href = key.get() ? URL.createObjectURL(await (await call(path)).blob()) : base + path;
  link.click();
  if (key.get()) setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
