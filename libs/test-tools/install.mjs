// Installs the browser that tests of pages are driven in. A test whose browser is missing is skipped,
// and says so; on a CI machine (CI=true) that is a failure.
import { findChromium } from './src/chromium.mjs';

if (findChromium({ install: true }) === null) {
  process.stderr.write('cannot install chromium: the tests that need it are skipped\n');
  process.exitCode = process.env.CI ? 1 : 0;
}
