// Installs what the tests need beside npm's packages and the browser (libs/test-tools); with --emulators
// what only long ones need. A test whose tool is missing is skipped, and says so; on a CI machine
// (CI=true) that is a failure.
import { findAzureServer } from './azure-server.mjs';
import { findGcsServer } from './gcs-server.mjs';
import { findRustTar } from './rust-tar.mjs';
import { findS3Server } from './s3-server.mjs';

const tools = process.argv.includes('--emulators')
  ? { 'fake-gcs-server': findGcsServer, azurite: findAzureServer }
  : { versitygw: findS3Server, 'rust-tar': findRustTar };
const missing = Object.entries(tools)
  .filter(([, find]) => find({ install: true }) === null)
  .map(([name]) => name);

if (missing.length > 0) {
  process.stderr.write(
    `cannot install ${missing.join(', ')}: the tests that need it are skipped\n`,
  );
  process.exitCode = process.env.CI ? 1 : 0;
}
