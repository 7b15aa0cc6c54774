import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { newStoreKey } from '../encryption/key-ring';
import { CacheError, systemCode } from '../error';
import { newSigningKey } from '../signing/signature';

/**
 * Makes a pair of keys: a private one for who signs entries, a public one for who reads them. With
 * `--encryption` a key for the server, which encrypts what lies on its disk or in its bucket.
 */
export async function keyNew(args: string[]): Promise<number> {
  const options = { out: { type: 'string' }, encryption: { type: 'boolean' } } as const;
  const { values } = parseArgs({ args, options });
  const { out } = values;
  if (!out) {
    throw new CacheError('CONFIG_INVALID', {
      message: 'key new needs --out',
      hint: 'such as --out main.key; the public key of a pair goes to main.key.pub',
    });
  }
  if (values.encryption) {
    const { id, text } = newStoreKey();
    await writeNew(out, `${text}\n`, 0o600);
    console.log(`key ${id}`);
    console.log(`${out}  for the server alone: encryption: { keys: [{ file: ${out} }] }. Without it what it encrypts is lost.`); // prettier-ignore
    return 0;
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
