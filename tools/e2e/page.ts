import type { Browser, Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { accessibilityFaults, contentOf, picture } from './browser';

export interface Look {
  locale?: string;
  colorScheme?: 'light' | 'dark';
  /** In pixels. */
  width?: number;
}

/** The service's page, until the test is over; a script of it that fails, fails the test. */
export async function openPage(browser: Browser, url: string, look: Look = {}): Promise<Page> {
  const { locale = 'en-GB', colorScheme = 'light', width = 1180 } = look;
  const context = await browser.newContext({
    locale,
    colorScheme,
    viewport: { width, height: 900 },
  });
  onTestFinished(() => context.close());
  context.setDefaultTimeout(120_000); // a busy machine is no reason to fail
  const page = await context.newPage();
  page.on('pageerror', (error) => expect.unreachable(error.message));
  await page.goto(url);
  return page;
}

/** Drops a file on the page, as a file manager does. */
export async function drop(page: Page, name: string, content: string): Promise<void> {
  const files = await page.evaluateHandle(
    `(() => {
      const files = new DataTransfer();
      files.items.add(new File([${JSON.stringify(content)}], ${JSON.stringify(name)}));
      return files;
    })()`,
  );
  await page.dispatchEvent('#drop', 'drop', { dataTransfer: files });
}

export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** What is downloaded by the button of that name, once it is there. */
export async function download(page: Page, name: string) {
  const found = button(page, name);
  await found.waitFor({ timeout: 120_000 });
  const [file] = await Promise.all([page.waitForEvent('download'), found.click()]);
  return { name: file.suggestedFilename(), content: await contentOf(file) };
}

/** How far the page goes beyond its right edge, and which elements outside of tables do. */
const beyond = (page: Page) =>
  page.evaluate<string[]>(`(() => {
    const width = document.documentElement.clientWidth;
    const wide = (node) => node.getBoundingClientRect().right > width + 1;
    const nodes = [...document.querySelectorAll('body *')].filter(
      (node) => wide(node) && !node.closest('.scroll, pre'),
    );
    const whole = document.documentElement.scrollWidth > width ? ['page'] : [];
    return [...whole, ...nodes.map((node) => node.id || node.tagName)];
  })()`);

/** The page in one look, where questions are answered with yes, and what is held of it wherever it stands. */
export async function openLook(browser: Browser, url: string, look: Required<Look>) {
  const page = await openPage(browser, url, look);
  page.on('dialog', (dialog) => void dialog.accept());
  const fine = async (name: string) => {
    await picture(page, `${name}-${look.locale}-${look.colorScheme}-${look.width}`);
    expect(await beyond(page)).toEqual([]);
    expect(await accessibilityFaults(page)).toEqual([]);
  };
  return { page, fine };
}
