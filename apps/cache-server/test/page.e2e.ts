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
