import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { CacheError, systemCode } from '../error';
import { newSigningKey } from '../signing/signature';

/** Makes a pair of keys: a private one for who signs entries, a public one for who reads them. */
export async function keyNew(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { out: { type: 'string' } } });
  const { out } = values;
  if (!out) {
    throw new CacheError('CONFIG_INVALID', {
      message: 'key new needs --out',
      hint: 'such as --out main.key; the public key goes to main.key.pub',
    });
  }
  const { id, privatePem, publicPem } = newSigningKey();
  await writeNew(out, privatePem, 0o600);
  await writeNew(`${out}.pub`, publicPem, 0o644);
  console.log(`key ${id}`);
  console.log(`${out}      for the jobs that write: EXCEL2DOC_CACHE_SIGNING_KEY`);
  console.log(`${out}.pub  for all that read: EXCEL2DOC_CACHE_TRUSTED_KEYS; several in one file are all trusted`); // prettier-ignore
  return 0;
}

/** A key that is lost is lost for good, so that none is ever written over. */
async function writeNew(file: string, text: string, mode: number): Promise<void> {
  await writeFile(file, text, { flag: 'wx', mode }).catch((cause: unknown) => {
    const reason = systemCode(cause) === 'EEXIST' ? 'it is there already' : String(cause);
    throw new CacheError('CONFIG_INVALID', { message: `${file} was not written: ${reason}`, cause }); // prettier-ignore
  });
}
