// Takes 280 s.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Engine, locateEngine } from '@excel2doc/engine';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessibilityFaults, contentOf, launchChromium, picture } from './browser';
import { readDocuments, writeDocument } from './documents';
import { textByLibreOffice, textOfPdf } from './libreoffice';
import {
  type Look,
  button,
  download,
  drop,
  openLook as openLookOf,
  openPage as openPageOf,
} from './page';
import { packPictures, widthsOfPictures } from './pictures';
import { type Stack, startStack } from './stack';
import { workspaceRoot } from '../workspace';

const WORKERS = 4;
const CUSTOMERS = [
  'Our customers;;',
  'Customer name;Town;Amount',
  'Ann & Co;Berlin;1234.50',
  '客户有限公司;上海;98000',
  '=1+1;Zürich;-3',
  "O'Neil;Dublin;17.25",
].join('\n');

let engine: Engine;
let stack: Stack;
let browser: Browser;
let letter: Buffer;

beforeAll(async () => {
  engine = await locateEngine();
  [stack, browser] = await Promise.all([startStack(engine, 'service', WORKERS), launchChromium()]);
  letter = await writeDocument(stack, [
    'Dear {{ client }} in {{ Town }},',
    'you owe {{ Amount }}.',
  ]);
});

afterAll(async () => {
  await browser?.close();
  await stack?.compose.down({ volumes: true });
});

const openPage = (look: Look = {}) => openPageOf(browser, stack.url, look);
const openLook = (locale: string, colorScheme: 'light' | 'dark', width: number) =>
  openLookOf(browser, stack.url, { locale, colorScheme, width });

describe('the page, in English', () => {
  test('goes the whole way from a dropped workbook to a document for each row', async () => {
    const page = await openPage();
    await drop(page, 'customers.csv', CUSTOMERS);
    await page.getByRole('columnheader', { name: 'Customer name' }).waitFor();
    const header = page.getByLabel('Header in row');
    expect(await header.inputValue()).toBe('2');
    await header.fill('1');
    await header.press('Enter');
    await page.getByRole('columnheader', { name: 'Our customers' }).waitFor();
    await header.fill('2');
    await header.press('Enter');
    await page.getByRole('columnheader', { name: 'Customer name' }).waitFor();
    expect(await page.getByRole('cell', { name: 'Berlin' }).count()).toBe(1);

    await page.getByRole('radio', { name: /A document a row/ }).focus();
    await page.keyboard.press('Space');
    await page
      .locator('#template-file')
      .setInputFiles({ name: 'letter.docx', mimeType: 'application/octet-stream', buffer: letter });
    await page.getByText('No column yet for: client').waitFor();
    await page.getByLabel('client').selectOption({ label: 'Customer name' });
    expect(await page.getByText('No column yet for').isVisible()).toBe(false);
    expect(await page.getByLabel('Town', { exact: true }).inputValue()).toBe('Town');
    await page.getByLabel('Name of each document').fill('{{ client }}');

    await button(page, 'Preview').click();
    const preview = page.getByRole('region', { name: 'Preview' });
    await preview.getByRole('img', { name: 'Ann & Co.docx, page 1' }).waitFor();
    await preview.getByText('As text').first().click();
    await preview.getByText('Dear Ann & Co in Berlin,').waitFor();
    expect(await preview.innerText()).toContain('The first 3 of 4 documents:');
    await picture(page, 'english-preview');
    expect(await accessibilityFaults(page)).toEqual([]);

    await button(page, 'More documents').click();
    await preview.getByRole('img', { name: "O'Neil.docx, page 1" }).waitFor();
    await button(page, 'Earlier documents').click();
    await preview.getByRole('img', { name: 'Ann & Co.docx, page 1' }).waitFor();

    await button(page, 'Convert').click();
    const { name, content } = await download(page, 'Download');
    expect(name).toBe('customers.zip');
    expect(await page.getByRole('progressbar', { name: 'Progress' }).getAttribute('value')).toBe(
      '4',
    );
    expect(await page.getByRole('status').innerText()).toContain('4 of 4 rows');
    await picture(page, 'english-done');
    expect(await readDocuments(stack, content)).toEqual({
      'Ann & Co.docx': ['Dear Ann & Co in Berlin,', 'you owe 1234.50.'],
      '客户有限公司.docx': ['Dear 客户有限公司 in 上海,', 'you owe 98000.'],
      '=1+1.docx': ['Dear =1+1 in Zürich,', 'you owe -3.'],
      "O'Neil.docx": ["Dear O'Neil in Dublin,", 'you owe 17.25.'],
    });
  });

  test('where no LibreOffice runs, the browser draws the documents, shut in', async () => {
    const page = await openPage();
    await page.route('**/api/v1/previews', async (route) => {
      const response = await route.fetch();
      const body = (await response.json()) as object;
      await route.fulfill({ response, json: { ...body, status: 'done' } }); // nobody draws
    });
    await drop(page, 'customers.csv', CUSTOMERS);
    await page.getByRole('radio', { name: /A document a row/ }).check({ force: true });
    await page
      .locator('#template-file')
      .setInputFiles({ name: 'letter.docx', mimeType: 'application/octet-stream', buffer: letter });
    await page.getByLabel('client').selectOption({ label: 'Customer name' });
    await button(page, 'Preview').click();
    const frame = page.locator('.pages iframe').first();
    await frame.contentFrame().getByText('Dear Ann & Co in Berlin,').waitFor();
    expect(await frame.getAttribute('sandbox')).toBe('allow-scripts');
    const origin = await frame.contentFrame().locator('body').evaluate('self.origin');
    expect(origin).toBe('null');
    await picture(page, 'drawn-here');
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test("the page's scripts of others are those of npm", async () => {
    for (const [name, file] of [
      ['docx-preview', 'docx-preview.min.js'],
      ['jszip', 'jszip.min.js'],
    ] as const) {
      const served = await (await fetch(`${stack.url}/web/vendor/${file}`)).text();
      const path = join(workspaceRoot, 'node_modules', name, 'dist', file);
      expect(served === (await readFile(path, 'utf8')), file).toBe(true);
    }
  });

  test.each([
    ['Word', 'customers.docx'],
    ['PDF', 'customers.pdf'],
  ])('makes one %s of all letters, each on a page of its own', async (kind, expected) => {
    const page = await openPage();
    await drop(page, 'customers.csv', CUSTOMERS);
    await page.getByRole('radio', { name: /A document a row/ }).check({ force: true });
    await page
      .locator('#template-file')
      .setInputFiles({ name: 'letter.docx', mimeType: 'application/octet-stream', buffer: letter });
    await page.getByLabel('client').selectOption({ label: 'Customer name' });
    await page.getByLabel('All in one document').check();
    if (kind === 'PDF') await page.getByLabel('As PDF instead of Word').check();
    await button(page, 'Convert').click();
    const { name, content } = await download(page, 'Download');
    expect(name).toBe(expected);
    const text =
      kind === 'PDF'
        ? await textOfPdf(engine, content)
        : await textByLibreOffice(engine, new Uint8Array(content));
    const names = ['Ann & Co', '客户有限公司', '=1+1', "O'Neil"];
    expect(text.match(/(?<=Dear ).*(?= in )/g)).toEqual(names);
    // pdftotext ends each page with a form feed
    if (kind === 'PDF') expect(text.split('\f').length - 1).toBe(names.length);
  });

  test('makes a PDF, whose text is that of the workbook', async () => {
    const page = await openPage();
    await drop(page, 'customers.csv', CUSTOMERS);
    await page.getByLabel('As PDF instead of Word').check();
    await button(page, 'Convert').click();
    const { name, content } = await download(page, 'Download');
    expect(name).toBe('customers.pdf');
    const text = await textOfPdf(engine, content);
    for (const cell of ['Ann & Co', '客户有限公司', '=1+1', "O'Neil", '1234.50'])
      expect(text).toContain(cell);
  });

  test('names what is wrong, and goes on afterwards', async () => {
    const page = await openPage();
    await drop(page, 'broken.xlsx', 'PK no workbook');
    const problem = page.getByRole('alert');
    await problem.getByText('NOT_A_ZIP').waitFor();
    await drop(page, 'customers.csv', CUSTOMERS.split('\n').slice(1).join('\n'));
    await page.getByRole('columnheader', { name: 'Customer name' }).waitFor();
    expect(await problem.isVisible()).toBe(false);
    await page.getByRole('radio', { name: /A document a row/ }).check({ force: true });
    await button(page, 'Convert').click();
    await page.getByText('Choose or upload a template first').waitFor();
    await page
      .locator('#template-file')
      .setInputFiles({ name: 'x.docx', mimeType: 'application/octet-stream', buffer: letter });
    await page.getByLabel('client').waitFor();
    await button(page, 'Convert').click();
    await page.getByRole('alert').getByText('No column yet for: client').waitFor();
    await page.getByLabel('Leave missing fields blank').check();
    await button(page, 'Convert').click();
    const { content } = await download(page, 'Download');
    expect((await readDocuments(stack, content))['Ann & Co.docx']?.[0]).toBe('Dear  in Berlin,');
  });
});

describe('the page, in Chinese', () => {
  test('goes the whole way, in the dark, on a narrow screen', async () => {
    const page = await openPage({ locale: 'zh-CN', colorScheme: 'dark', width: 390 });
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    await drop(page, '客户.csv', CUSTOMERS);
    await page.getByRole('columnheader', { name: 'Customer name' }).waitFor();
    await button(page, '预览').click();
    const preview = page.getByRole('region', { name: '预览' });
    await preview.getByRole('img', { name: '客户.docx，第 1 页' }).waitFor();
    await preview.getByText('文字内容').click();
    await preview.getByText('Ann & Co | Berlin').waitFor();
    await picture(page, 'chinese-preview');
    expect(await accessibilityFaults(page)).toEqual([]);
    const overflow = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow).toBe(0);
    await button(page, '开始转换').click();
    const { name, content } = await download(page, '下载结果');
    expect(name).toBe('客户.docx');
    expect(await page.getByRole('status').innerText()).toContain('完成');
    const text = await textByLibreOffice(engine, new Uint8Array(content));
    for (const cell of ['客户有限公司', '上海', '=1+1']) expect(text).toContain(cell);
  });

  test('names what is wrong in Chinese, and the place', async () => {
    const page = await openPage({ locale: 'zh-CN' });
    await drop(page, '客户.csv', CUSTOMERS);
    await page.getByRole('columnheader', { name: 'Customer name' }).waitFor();
    await page.getByLabel('表头所在行').fill('99');
    await page.getByLabel('表头所在行').press('Enter');
    const problem = page.getByRole('alert');
    await problem.getByText('这一行不能作表头').waitFor();
    expect(await problem.innerText()).toContain('row 99');
    await button(page, 'English').click();
    expect(await problem.innerText()).toContain('row 99 is empty');
    expect(await page.getByRole('heading', { level: 2 }).first().innerText()).toContain('Workbook');
  });
});

describe('pictures that cells name', () => {
  test.each([
    ['zh-CN', 'light', 360],
    ['en-GB', 'dark', 1366],
  ] as const)('come in a ZIP, or are named: %s, %s, %i px', async (locale, scheme, width) => {
    const zh = locale === 'zh-CN';
    const { page, fine } = await openLook(locale, scheme, width);
    const file = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/zip', buffer });
    const send = async (sizes: Record<string, number>) =>
      page
        .locator('#pictures-file')
        .setInputFiles(file('photos.zip', await packPictures(stack, sizes)));
    const says = (id: string, text: string | RegExp) =>
      page.locator(id).filter({ hasText: text }).waitFor();

    await drop(page, 'staff.csv', 'Name;Photo\nAnn;ann.png\n张伟;张伟\n');
    await page.getByRole('columnheader', { name: 'Photo' }).waitFor();
    await page.locator('[name=mode][value=per-row]').check({ force: true });
    expect(await page.locator('#pictures-part').isVisible()).toBe(false);
    const badge = ['{{ Name }}', '{{ images.Photo|picture(width=20) }}'];
    await page
      .locator('#template-file')
      .setInputFiles(file('badge.docx', await writeDocument(stack, badge)));
    await says('#pictures-status', zh ? '同名的图片' : 'of a ZIP that the cells name');

    await send({ 'Ann.png': 0 });
    await says('#mode-section #problem', zh ? '压缩包里的图片已损坏' : "'Ann.png'");
    await fine('picture-damaged');

    await send({ 'team/Ann.PNG': 40, 'notes.txt': 0 });
    await says('#pictures-status', 'notes.txt');
    await page.locator('#start').click();
    await says('#convert-section #problem', zh ? '压缩包里没有这张图片' : "no picture '张伟'");
    await says('#problem', 'cell B3');
    await fine('picture-missing');

    await send({ 'team/Ann.PNG': 40, '张伟.png': 40 });
    await says('#pictures-status', zh ? '2 张图片' : '2 pictures');
    await page.locator('#start').click();
    await page.locator('#download').waitFor();
    const [found] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('#download').click(),
    ]);
    const widths = await widthsOfPictures(stack, await contentOf(found));
    expect(widths).toEqual({ 'Ann.docx': [20], '张伟.docx': [20] });

    const kept = page.locator('[data-kept=picture-archives]');
    await kept.locator('summary').click();
    await kept.locator('li').filter({ hasText: 'photos.zip' }).first().waitFor();
    await fine('pictures-kept');
    await kept.locator('li').first().getByRole('button').last().click();
    await says('#pictures-status', zh ? '同名的图片' : 'of a ZIP that the cells name');
  });
});

describe('what is kept', () => {
  const LONG = 'a letter with a rather long name that goes on and on, and on.docx';

  test.each([
    ['en-GB', 'light', 360],
    ['zh-CN', 'dark', 360],
    ['en-GB', 'dark', 1366],
    ['zh-CN', 'light', 1366],
  ] as const)('is listed, made again and deleted: %s, %s, %i px', async (locale, scheme, width) => {
    const { page, fine } = await openLook(locale, scheme, width);
    await page.locator('#example').click();
    await page.getByRole('columnheader').first().waitFor();
    expect(await page.locator('#sample td.numeric').first().innerText()).toBe('1234.50');
    await page.locator('[name=mode][value=per-row]').check({ force: true });
    await page
      .locator('#template-file')
      .setInputFiles({ name: LONG, mimeType: 'application/octet-stream', buffer: letter });
    await page.locator('#mapping select').first().waitFor();
    for (const select of await page.locator('#mapping select').all())
      await select.selectOption({ index: 1 });
    await page.locator('details:has(#how-to-example) summary').click();
    await page.locator('#preview').click();
    await page.locator('.pages img').first().waitFor();
    await fine('preview');
    await page.locator('#start').click();
    await page.locator('#download').waitFor();

    const list = (kind: string) => page.locator(`[data-kept=${kind}]`);
    for (const kind of ['jobs', 'templates', 'workbooks']) {
      await list(kind).locator('summary').click();
      await list(kind).locator('li strong').first().waitFor();
    }
    await fine('kept');
    const jobs = list('jobs').locator('li');
    expect(await jobs.first().innerText()).toContain(LONG);
    const newest = () => jobs.first().getAttribute('data-id');
    const before = await newest();
    const again = locale === 'zh-CN' ? '再来一次' : 'Again';
    await jobs.first().getByRole('button', { name: again }).click();
    await expect.poll(newest, { timeout: 60_000 }).not.toBe(before);
    await page.locator('#download').waitFor();
    await jobs.first().getByRole('button').last().click();
    await expect.poll(newest, { timeout: 60_000 }).toBe(before);

    await page.reload();
    await list('workbooks').locator('summary').click();
    await list('workbooks').locator('li').first().getByRole('button').first().click();
    await page.getByRole('columnheader').first().waitFor();
    await page.locator('#header-row').fill('99');
    await page.locator('#header-row').press('Enter');
    await page.locator('#workbook-section #problem').waitFor();
    await fine('problem');
  });
});

describe('the workers', () => {
  const jobs = (path: string, init?: RequestInit) => fetch(`${stack.url}/api/v1${path}`, init);

  test(`${WORKERS} of them, and the one for PDFs, do each of 12 jobs once`, async () => {
    const ready = (await (await fetch(`${stack.url}/health/ready`)).json()) as object;
    expect(ready).toMatchObject({ status: 'ok', workers: WORKERS + 1, pdf_workers: 1 });
    const ids = await Promise.all(
      Array.from({ length: 12 }, async (_, at) => {
        const form = new FormData();
        form.append('file', new Blob([`a;b\n${at};x\n`]), `${at}.csv`);
        const workbook = await (await jobs('/workbooks', { method: 'POST', body: form })).json();
        const job = await jobs('/jobs', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ workbook_id: (workbook as { id: string }).id }),
        });
        return ((await job.json()) as { id: string }).id;
      }),
    );
    for (const id of ids) {
      const events = await (await jobs(`/jobs/${id}/events`)).text();
      const last = JSON.parse(events.trim().split('data: ').at(-1) ?? '') as object;
      expect(last).toMatchObject({ status: 'done', attempt: 1, error: null });
    }
  });

  test('LibreOffice fetches nothing that a document refers to', async () => {
    const fetched = await stack.python('pdf-worker', LINKED_PICTURE);
    expect(JSON.parse(fetched)).toEqual({ pdf: true, requests: [] });
  });
});

/** A document that no template check would let pass, straight to LibreOffice. */
const LINKED_PICTURE = `
import http.server, json, tempfile, threading, zipfile
from pathlib import Path
import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from app.core.config import get_settings
from app.services.isolation.office import find_office
requests = []
class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        requests.append(self.path)
        self.send_error(404)
    do_HEAD = do_OPTIONS = do_PROPFIND = do_GET
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/x.png"
document = docx.Document()
link = document.part.relate_to(url, RELATIONSHIP_TYPE.IMAGE, is_external=True)
document.add_paragraph()._p.append(parse_xml(
    '<w:r xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:v="urn:schemas-microsoft-com:vml"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<w:pict><v:shape style="width:100pt;height:100pt">'
    f'<v:imagedata r:id="{link}"/></v:shape></w:pict></w:r>'))
document.add_paragraph()._p.append(parse_xml(
    '<w:fldSimple xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    f' w:instr="INCLUDEPICTURE &quot;{url}&quot; \\\\d"/>'))
with tempfile.TemporaryDirectory(dir=get_settings().work_dir) as folder:
    path = Path(folder) / "linked.docx"
    document.save(path)
    pdf = find_office(get_settings().limits).to_pdf([path], Path(folder))[0]
    print(json.dumps({"pdf": pdf.stat().st_size > 0, "requests": requests}))`;
