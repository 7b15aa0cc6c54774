export { findChromium } from './chromium.mjs';
export { findDebianProgram } from './debian-package.mjs';
export { openPage } from './page.mjs';
