import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findChromium, openPage } from '@excel2doc/test-tools';
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { nxArchive } from './archive';
import { get, put, testServer, type TestServer } from './test-server';

const executablePath = findChromium({ install: false });
/** Set to a folder to look at the page. */
const pictures = process.env.PICTURES;

async function open(url: string, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
  const { page, close } = await openPage({ executablePath: executablePath!, colorScheme });
  onTestFinished(close);
  await page.goto(url);
  return page;
}

async function logIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** A server at which a team has worked for a while. */
async function usedServer(): Promise<TestServer> {
  const server = await testServer();
  const { url, tokens } = server;
  const tasks = [];
  for (let at = 0; at < 12; at += 1) {
    const [project, target] = [
      ['backend', 'web', 'docs'][at % 3]!,
      ['build', 'test', 'docker-runner'][at % 4]!,
    ];
    const [hash, durationMs] = [`8812300${at}`, 4_000 * (at + 1) ** 2];
    await put(
      url,
      tokens.main,
      hash,
      await nxArchive({ [`dist/${project}/out`]: randomBytes(20_000 * (at + 1)) }),
    );
    tasks.push({ hash, project, target: target ?? 'lint', durationMs });
  }
  await fetch(`${url}/v1/runs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.main}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tasks }),
  });
  await put(url, tokens.pr1, '777', await nxArchive({ 'dist/<script>alert(1)</script>/x': 'x' }));
  for (const { hash } of tasks.slice(3)) await (await get(url, tokens.pr1, hash)).arrayBuffer();
  for (const { hash } of tasks) await (await get(url, tokens.main, hash)).arrayBuffer();
  for (const hash of ['1', '2', '3']) await get(url, tokens.main, hash);
  return server;
}

describe('the page', () => {
  beforeEach(({ skip }) =>
    skip(!executablePath, 'missing: Chromium, which nx run test-tools:install installs'),
  );

  it('shows nothing but a form without a token that may read', async () => {
    const { url } = await usedServer();
    const page = await open(url);
    expect(await page.locator('main').innerText()).not.toMatch(/backend|Hit rate|main/);
    await logIn(page, 'e2d_wrong');
    expect(await page.getByRole('alert').innerText()).toBe('No valid token.');
    expect(await page.locator('svg').count()).toBe(0);
  });

  it.each(['light', 'dark'] as const)(
    'shows rates, time saved, scopes and entries in %s',
    async (scheme) => {
      const { url, tokens } = await usedServer();
      const page = await open(url, scheme);
      await logIn(page, tokens.main);
      const text = await page.locator('main').innerText();
      expect(text).toContain('80 %');
      const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      expect(ground).toBe(scheme === 'light' ? 'rgb(246, 247, 249)' : 'rgb(15, 19, 25)');
      expect(text).toContain('12 of 15 asked');
      expect(text).toContain('43 min');
      expect(text).toContain('web');
      const scope = page.getByRole('row').filter({ has: page.getByText('pr-1', { exact: true }) });
      expect(await scope.count()).toBe(0);
      const own = page.locator('table:not(#entries) tbody tr');
      expect(await own.allInnerTexts()).toEqual([expect.stringMatching(/^main\s+12\s.*\smain$/s)]);
      expect(await page.locator('#entries tbody tr').count()).toBe(12);
      expect(await page.locator('figure svg rect.hit').last().getAttribute('height')).not.toBe(
        '0.0',
      );
      if (pictures) {
        await mkdir(pictures, { recursive: true });
        await page.screenshot({ path: join(pictures, `page-${scheme}.png`), fullPage: true });
      }
    },
  );

  it('finds entries, and none of a scope that the token does not read', async () => {
    const { url, tokens } = await usedServer();
    const page = await open(url);
    await logIn(page, tokens.main);
    await page.getByRole('searchbox').fill('docs');
    await page.getByRole('button', { name: 'Search' }).click();
    expect(await page.locator('#entries tbody tr').count()).toBe(4);
    await page.getByRole('searchbox').fill('777');
    await page.getByRole('button', { name: 'Search' }).click();
    expect(await page.locator('main').innerText()).toContain('No entry.');
  });

  it('sorts by a column and back, filters by project, target and scope, and says exact times', async () => {
    const { url, tokens } = await usedServer();
    const page = await open(url);
    await logIn(page, tokens.pr1);
    const column = (at: number) => page.locator(`#entries tbody td:nth-child(${at})`).allInnerTexts(); // prettier-ignore
    const sizes = async () => (await column(4)).map((text) => bytesFrom(text));
    await page.getByRole('link', { name: 'Size' }).click();
    const down = await sizes();
    expect(down).toEqual([...down].sort((a, b) => b - a));
    expect(await page.locator('#entries [aria-sort]').getAttribute('aria-sort')).toBe('descending');
    await page.getByRole('link', { name: 'Size' }).click();
    expect(await sizes()).toEqual([...down].reverse());

    await page.getByLabel('Project').selectOption('web');
    await page.getByRole('button', { name: 'Search' }).click();
    expect(await column(1)).toHaveLength(4);
    for (const task of await column(1)) expect(task).toMatch(/^web:/);
    // A filter leaves the order as it was.
    const filtered = await sizes();
    expect(filtered).toEqual([...filtered].sort((a, b) => a - b));
    await page.getByLabel('Target').selectOption('test');
    await page.getByRole('button', { name: 'Search' }).click();
    expect(await column(1)).toEqual(['web:test']);

    await page.goto(`${url}/?scope=pr-1`);
    expect(await column(2)).toEqual(['pr-1']);
    const times = page.locator('#entries time');
    expect(await times.first().innerText()).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
    const stored = Date.parse((await times.last().getAttribute('datetime'))!);
    expect(Math.abs(Date.now() - stored)).toBeLessThan(120_000);
    // No scope of another token, whatever the address says.
    await page.goto(`${url}/?scope=pr-2`);
    expect(await page.locator('main').innerText()).toContain('No entry.');
  });

  it('says the hit rate and the time saved of a project', async () => {
    const { url, tokens } = await usedServer();
    const page = await open(url);
    await logIn(page, tokens.main);
    const projects = page.locator('section', { hasText: 'hit rate by project' }).locator('li');
    // Each of four tasks ran once and was used once by main.
    expect(await projects.locator('.value').allInnerTexts()).toEqual(
      expect.arrayContaining([expect.stringMatching(/ min · 50 % of 8$/)]),
    );
  });

  it('shows 50 entries a page, each once, and finds its way', async () => {
    const { url, tokens } = await testServer();
    const archive = await nxArchive({ 'dist/a': 'x' });
    for (let at = 0; at < 120; at += 1) await put(url, tokens.main, `${1000 + at}`, archive);
    const page = await open(url);
    await logIn(page, tokens.main);
    const seen: string[] = [];
    for (const [at, count] of [50, 50, 20].entries()) {
      const hashes = await page.locator('#entries code').allInnerTexts();
      expect(hashes).toHaveLength(count);
      seen.push(...hashes);
      expect(await page.getByText(`Page ${at + 1} of 3`).count()).toBe(1);
      if (at < 2) await page.getByRole('link', { name: 'Next' }).click();
    }
    expect(new Set(seen).size).toBe(120);
    expect(await page.getByRole('link', { name: 'Next' }).count()).toBe(0);
    await page.getByRole('link', { name: 'Previous' }).click();
    expect(await page.getByText('Page 2 of 3').count()).toBe(1);
    await page.goto(`${url}/?page=99`);
    await page.getByRole('link', { name: 'Previous' }).click();
    expect(await page.getByText('Page 3 of 3').count()).toBe(1);
  });

  it.each(['light', 'dark'] as const)(
    'fits a screen of 360 pixels in %s, with all that it says',
    async (scheme) => {
      const { url, tokens } = await usedServer();
      await put(url, tokens.pr1, '9'.repeat(60), await nxArchive({ [`dist/${'a'.repeat(100)}/b`]: 'x' })); // prettier-ignore
      const page = await open(url, scheme);
      await page.setViewportSize({ width: 360, height: 740 });
      await logIn(page, tokens.pr1);
      const widths = await page.evaluate<number[]>(
        '[document.documentElement.scrollWidth, ...[...document.querySelectorAll("main *")].map((each) => Math.ceil(each.getBoundingClientRect().right))]',
      );
      expect(Math.max(...widths)).toBeLessThanOrEqual(360);
      expect(await page.locator('#entries tbody').innerText()).toContain('9'.repeat(60));
      if (pictures) {
        await mkdir(pictures, { recursive: true });
        await page.screenshot({ path: join(pictures, `page-360-${scheme}.png`), fullPage: true });
      }
    },
  );

  it('has an icon, which its own policy lets through', async () => {
    const { url, tokens } = await usedServer();
    const page = await open(url);
    const refused: string[] = [];
    page.on('console', (message) => refused.push(message.text()));
    await logIn(page, tokens.main);
    const href = await page.locator('link[rel=icon]').getAttribute('href');
    const drawn = await page.evaluate<number>(
      `new Promise((done) => { const image = new Image(); image.onload = () => done(image.naturalWidth); image.onerror = () => done(-1); image.src = ${JSON.stringify(href)}; })`,
    );
    expect(drawn).toBeGreaterThan(0);
    expect(refused).toEqual([]);
  });

  it('shows what an archive calls itself as text, and runs none of it', async () => {
    const { url, tokens } = await usedServer();
    const page = await open(url);
    page.on('dialog', () => expect.unreachable('a script ran'));
    await logIn(page, tokens.pr1);
    expect(await page.locator('#entries').innerText()).toContain('<script>alert(1)<');
  });

  it('logs out, and takes no forged cookie', async () => {
    const { url, tokens } = await usedServer();
    const page = await open(url);
    await logIn(page, tokens.main);
    await page.getByRole('button', { name: 'Log out' }).click();
    expect(await page.getByLabel('Token').count()).toBe(1);
    const data = Buffer.from(
      JSON.stringify({ subject: 'x', scope: 'main', reads: ['main'], until: 9e15 }),
    );
    const forged = await fetch(url, {
      headers: { cookie: `excel2doc_cache=${data.toString('base64url')}.AAAA` },
    });
    expect(await forged.text()).toContain('Log in with a token');
  });
});

/** `20.1 KB` as a number. */
function bytesFrom(text: string): number {
  const [value, unit] = text.split(' ');
  return Number(value) * 1000 ** ['B', 'KB', 'MB', 'GB'].indexOf(unit!);
}
