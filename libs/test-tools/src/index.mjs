export { findChromium } from './chromium.mjs';
export { openPage } from './page.mjs';
