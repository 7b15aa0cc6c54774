import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where tools for tests are kept between runs. */
export const toolFolder = join(
  process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
  'excel2doc/tools/bin',
);
