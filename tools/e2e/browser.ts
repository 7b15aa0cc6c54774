import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findChromium } from '@excel2doc/test-tools';
import axe from 'axe-core';
import { type Browser, type Download, type Page, chromium } from 'playwright-core';

/** Debian's Chromium, as `nx run test-tools:install` installs it. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium({ install: false });
  if (!executablePath) throw new Error('no Chromium: run `npx nx run test-tools:install`');
  return chromium.launch({
    executablePath,
    // Without a locale it can give no file a Chinese name: it is then called `download`.
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync', '--no-first-run'],
    ],
  });
}

/** What axe-core finds wrong with the page as it is: rule, and the elements. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run()');
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.target).join(', ')}`);
}

export async function contentOf(download: Download): Promise<Buffer> {
  return readFile(await download.path());
}

/** Keeps a picture where PICTURES names a folder, to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['PICTURES'];
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
