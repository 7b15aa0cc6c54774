/** Documents as they will look: pictures of LibreOffice's where it runs, else drawn by the browser. */
import * as api from './api.js';

const ASKED_EVERY_MS = 500;
const WAITED_MS = 20_000;
const MOST_HIGH = 12_000;

/** @param {string} name @param {string} [text] @param {string} [className] */
function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

/**
 * Fills `container` with the documents from `first` on, and buttons for those before and after.
 *
 * @param {HTMLElement} container
 * @param {any} request the job's
 * @param {any} t the page's words
 * @param {(action: () => Promise<void>) => Promise<void>} guarded shows what goes wrong
 * @param {number[]} [begins] of the documents shown before, and of these
 */
export async function showPages(container, request, t, guarded, begins = [0]) {
  const token = (container.dataset.token = String(Math.random()));
  const isCurrent = () => container.dataset.token === token;
  const found = await api.makePreview({ ...request, first: begins.at(-1) });
  if (!isCurrent()) return;
  const papers = found.documents.map((each) => paper(each, t));
  const turned = (to) => guarded(() => showPages(container, request, t, guarded, to));
  container.replaceChildren(...papers.map(({ figure }) => figure), turning(found, begins, t, turned));
  const drawn = await whenDrawn(found, isCurrent);
  if (!isCurrent()) return;
  await Promise.all(
    drawn.documents.map((each, at) => draw(papers[at].pages, drawn.id, each, at + 1, t)),
  );
}

/** A document's frame: its name, an empty place for its pages, the fields beside them, its text. */
function paper({ name, lines, values }, t) {
  const figure = element('figure', undefined, 'paper');
  const pages = element('div', undefined, 'pages');
  pages.tabIndex = 0; // it scrolls
  pages.setAttribute('role', 'region');
  pages.setAttribute('aria-label', name);
  pages.append(element('p', t.drawing, 'quiet'));
  const text = element('details');
  text.append(element('summary', t.asText), element('div', lines.join('\n'), 'sheet-of-paper'));
  const beside = element('div', undefined, 'beside');
  if (Object.keys(values).length) beside.append(fieldList(values));
  beside.append(text);
  figure.append(element('figcaption', name), pages, beside);
  return { figure, pages };
}

function fieldList(values) {
  const list = element('dl');
  for (const [field, value] of Object.entries(values)) list.append(element('dt', field), element('dd', value || '–'));
  return list;
}

function turning({ documents, following }, begins, t, turned) {
  const row = element('div', undefined, 'row');
  const turn = (word, to) => {
    const made = element('button', word, 'second');
    made.setAttribute('type', 'button');
    made.onclick = () => turned(to);
    row.append(made);
  };
  if (begins.length > 1) turn(t.earlier, begins.slice(0, -1));
  if (begins.length > 1 || following !== null)
    row.append(element('span', t.documents(documents[0].position + 1, documents.at(-1).position + 1), 'quiet'));
  if (following !== null) turn(t.later, [...begins, following]);
  return row;
}

/** The preview with its pages; without them when none are made, or not soon. */
async function whenDrawn(found, isCurrent) {
  const end = Date.now() + WAITED_MS;
  while (['queued', 'running'].includes(found.status) && Date.now() < end && isCurrent()) {
    await new Promise((resolve) => setTimeout(resolve, ASKED_EVERY_MS));
    found = await api.getPreview(found.id);
  }
  return found;
}

async function draw(place, id, { name, page_count: count }, number, t) {
  if (!count) {
    place.replaceChildren(drawnHere(await api.previewDocument(id, number), name, t));
    return;
  }
  const pictures = Array.from({ length: count }, async (_, at) => {
    const picture = document.createElement('img');
    picture.alt = t.pageOf(name, at + 1);
    picture.src = await api.previewPage(id, number, at + 1);
    return picture;
  });
  place.replaceChildren(...(await Promise.all(pictures)));
}

/** The document in a frame that may run its own script and nothing else. */
function drawnHere(content, name, t) {
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', 'allow-scripts');
  frame.title = name;
  frame.src = '/paper';
  const listen = ({ source, data }) => {
    if (!frame.isConnected) window.removeEventListener('message', listen);
    if (source !== frame.contentWindow) return;
    if (data.ready) frame.contentWindow.postMessage(content, '*');
    if (data.height) frame.style.height = `${Math.min(Number(data.height), MOST_HIGH)}px`;
    if (data.failed) frame.replaceWith(element('p', t.notDrawn, 'warning'));
  };
  window.addEventListener('message', listen);
  return frame;
}
