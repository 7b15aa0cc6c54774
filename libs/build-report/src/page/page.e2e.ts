import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findChromium, openPage } from '@excel2doc/test-tools';
import type { Digest } from '@excel2doc/oci';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Report, reportOf } from '../report';
import { imageOf, knownImage, shopRun, stagePlan, wholeRun } from '../testing/runs';
import { wholeReportOf } from '../whole';
import { reportPage, wholePage } from './page';

const executablePath = findChromium({ install: false });
/** Set to a folder to look at the page. */
const pictures = process.env['PICTURES'];

const digest = (digit: string) => `sha256:${digit.repeat(64)}` as Digest;
const image = (reference: string) => ({ kind: 'image' as const, reference, digest: 'sha256:0' });

function shopReport(): Report {
  const runs = [
    shopRun(1, { builder: 'built', deps: 'built', runner: 'built', build: 'built' }),
    shopRun(2, { builder: 'local-hit', deps: 'local-hit', runner: 'built', build: 'built' }),
    shopRun(3, { builder: 'local-hit', deps: 'built', runner: 'failed', build: 'skipped' }),
    shopRun(4, { builder: 'remote-hit', deps: 'local-hit', runner: 'built', build: 'built' }),
  ];
  const plans = [
    stagePlan('builder', { base: image('python:3.12') }, ['requirements.txt']),
    stagePlan('deps', { base: image('python:3.12-slim'), stages: ['builder'] }),
    stagePlan('runner', { base: { kind: 'stage', stage: 'deps' }, stages: ['deps'] }, [
      'app/main.py',
    ]),
  ];
  const layer = (digit: string, sizeBytes: number, from: 'base' | 'self' | 'stage:deps') => ({
    digest: digest(digit),
    diffId: digest(digit),
    mediaType: 'tar',
    sizeBytes,
    from,
  });
  return reportOf(runs, 'shop', {
    stages: ['builder', 'deps', 'runner'],
    stage: 'runner',
    plans,
    image: {
      record: {
        format: 1,
        digest: digest('1'),
        configDigest: digest('2'),
        platform: 'linux/amd64',
        base: { kind: 'scratch' },
        layers: [
          layer('a', 30_000_000, 'base'),
          layer('b', 9_000_000, 'stage:deps'),
          layer('c', 80_000, 'self'),
        ],
        sizeBytes: 39_080_000,
        ownSizeBytes: 80_000,
      },
      config: {
        architecture: 'amd64',
        os: 'linux',
        rootfs: { type: 'layers', diff_ids: [] },
        history: [
          { created_by: 'debian' },
          { created_by: 'ENV A=b', empty_layer: true },
          { created_by: 'COPY /opt/venv /opt/venv' },
          { created_by: 'COPY app app # <script>alert(1)</script>' },
        ],
      },
    },
  })!;
}

const show = (report: Report, colorScheme: 'light' | 'dark', width?: number) =>
  open(reportPage(report), colorScheme, width);

async function open(text: string, colorScheme: 'light' | 'dark', width = 1180) {
  const folder = mkdtempSync(join(tmpdir(), 'report-page-'));
  const file = join(folder, 'report.html');
  writeFileSync(file, text);
  const { page, close } = await openPage({ executablePath: executablePath!, colorScheme, width });
  onTestFinished(async () => {
    await close();
    rmSync(folder, { recursive: true });
  });
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  const url = pathToFileURL(file).href;
  await page.goto(url);
  return { page, url, requests, complaints };
}

describe("the report's page", () => {
  beforeEach(({ skip }) =>
    skip(!executablePath, 'missing: Chromium, which nx run test-tools:install installs'),
  );

  test.each(['light', 'dark'] as const)('shows a run in %s and loads nothing', async (scheme) => {
    const { page, url, requests, complaints } = await show(shopReport(), scheme);
    const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    expect(ground).toBe(scheme === 'light' ? 'rgb(246, 248, 250)' : 'rgb(13, 17, 23)');
    expect(await page.locator('.stage-graph .title').allTextContents()).toEqual([
      'python:3.12',
      'build context',
      'builder',
      'python:3.12-slim',
      'deps',
      'build context',
      'runner',
    ]);
    expect(await page.locator('.stage-graph rect.hit').count()).toBe(2);
    expect(await page.locator('.stage-graph rect.rebuild').count()).toBe(1);
    expect(await page.locator('#graph tbody .mark').allInnerTexts()).toEqual([
      '● hit, remote cache',
      '● hit',
      '▲ built',
    ]);
    expect(await page.locator('#waterfall tbody tr').count()).toBe(4);
    expect(await page.locator('#layers tbody tr').count()).toBe(3);
    expect(await page.locator('#history tbody tr').count()).toBe(4);
    expect(await page.locator('#history .mark, #history rect.failed').count()).toBe(1);
    const cards = await page.locator('.cards').innerText();
    expect(cards).toContain('2 of 3');
    expect(cards).toContain('about 15.9 s saved');
    expect(cards).toContain('2.0 KiB');
    if (pictures) {
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `report-${scheme}.png`), fullPage: true });
    }
    expect(requests).toEqual([url]);
    expect(complaints).toEqual([]);
  });

  test('runs nothing that an instruction holds, and shows it as text', async () => {
    const { page } = await show(shopReport(), 'light');
    page.on('dialog', () => expect.unreachable('a script ran'));
    expect(await page.locator('#layers').innerText()).toContain('<script>alert(1)</script>');
    expect(await page.locator('script').count()).toBe(0);
  });

  test('is readable by its names, heads and captions, and on a narrow screen', async () => {
    const { page } = await show(shopReport(), 'light', 380);
    expect(await page.getByRole('region').count()).toBe(5);
    expect(await page.getByRole('img', { name: 'Stages of the image' }).count()).toBe(1);
    expect(await page.locator('#graph').getByRole('rowheader').count()).toBe(3);
    expect(await page.locator('th:not([scope])').count()).toBe(0);
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(wide).toBe(380);
    const fills = await page.evaluate<string[]>(
      `[...document.querySelectorAll('#waterfall rect.hit')].map((r) => getComputedStyle(r).fill)`,
    );
    expect(new Set(fills)).toEqual(new Set(['rgb(26, 127, 55)']));
  });

  test('of a run over 60 images fits a phone, and names all of them', async () => {
    const names = Array.from({ length: 60 }, (_, at) => `service-with-a-long-name-${at}`);
    const stages = { deps: ['built', 9000], runner: ['built', 1000] } as const;
    const run = wholeRun(1, Object.fromEntries(names.map((name) => [name, stages])));
    const layers = Array.from({ length: 20 }, (_, at) => `layer-${at}`);
    const plans = [stagePlan('runner', { stages: ['deps'] })];
    const images = names.map((name) =>
      knownImage(name, plans, imageOf(`${name}-runner`, [...layers, name])),
    );
    const text = wholePage(wholeReportOf([run], images)!);
    const { page, url, requests, complaints } = await open(text, 'light', 390);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(390);
    expect(await page.locator('#images tbody tr').count()).toBe(60);
    expect(await page.locator('#chain tbody tr').count()).toBe(2);
    expect(await page.locator('#sharing caption').innerText()).toContain('8 more are shared');
    expect(await page.locator('th:not([scope])').count()).toBe(0);
    // What is wider than the window is scrolled in its own box, and none of it is cut off.
    const cut = await page.evaluate<number>(
      `[...document.querySelectorAll('.card, h1, h2, header code')].filter((e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0).length`,
    );
    expect(cut).toBe(0);
    expect(requests).toEqual([url]);
    expect(complaints).toEqual([]);
    if (pictures) await page.screenshot({ path: join(pictures, 'whole.png'), fullPage: true });
  });

  test('has nothing to compare a first run with, and says so', async () => {
    const first = reportOf([shopRun(1, { runner: 'built', build: 'built' })], 'shop', {
      stages: ['runner'],
      stage: 'runner',
      plans: [],
    })!;
    const { page } = await show(first, 'dark');
    expect(await page.locator('#history caption').innerText()).toContain('first run');
    expect(await page.locator('#layers').count()).toBe(0);
  });
});
