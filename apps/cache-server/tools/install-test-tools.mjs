// Installs what the tests need beside npm's packages. A test whose tool is missing is skipped, and
// says so; on a CI machine (CI=true) that is a failure.
import { findChromium } from './chromium.mjs';
import { findS3Server } from './s3-server.mjs';

const tools = { chromium: findChromium, versitygw: findS3Server };
const missing = Object.entries(tools)
  .filter(([, find]) => find({ install: true }) === null)
  .map(([name]) => name);

if (missing.length > 0) {
  process.stderr.write(
    `cannot install ${missing.join(', ')}: the tests that need it are skipped\n`,
  );
  process.exitCode = process.env.CI ? 1 : 0;
}
