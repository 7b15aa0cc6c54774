import { chromium } from 'playwright-core';

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/**
 * A page in a Chromium of its own, which asks the network for nothing that the page does not ask for.
 *
 * @param {{ executablePath: string, colorScheme?: 'light' | 'dark', width?: number }} options
 * @returns {Promise<{ page: import('playwright-core').Page, close: () => Promise<void> }>}
 */
export async function openPage({ executablePath, colorScheme = 'light', width = 1180 }) {
  const browser = await chromium.launch({ executablePath, args: QUIET });
  const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
  return { page, close: () => browser.close() };
}
