/** Its headers are some lines; more than this is no answer. */
export const MOST_BYTES = 1 << 20;

/** pip asks the server by these whether what it keeps still holds, and believes it then. */
const VALIDATORS = /etag|last-modified/gi;

/**
 * What pip keeps of an answer, so that pip never asks whether it still holds. Of an index page it always
 * asks; so none that lies there is ever believed, whatever its content. A package is taken unasked for as
 * long as its `max-age` says, and held to the digest that the index says.
 *
 * @param bytes names of headers are as long afterwards, which MessagePack needs
 * @see psf/cachecontrol, controller.py: conditional_headers; pip, index/collector.py: `max-age=0`
 */
export function withoutValidators(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1').replace(VALIDATORS, (name) => `x${name.slice(1)}`);
  return Buffer.from(text, 'latin1');
}

/** Why an answer is not kept; undefined for one that is. */
export function answerProblem(bytes: Buffer): string | undefined {
  const text = bytes.toString('latin1');
  if (!text.startsWith('cc=4,')) return 'it is not how pip keeps an answer';
  if (/text\/html|vnd\.pypi\.simple/i.test(text)) return 'it is a page of an index';
  return text.search(VALIDATORS) < 0 ? undefined : 'pip would ask whether it still holds';
}

/** Whether a file begins as a wheel or a source archive does. @param magic its first bytes, in hex */
export function isPackage(magic: string): boolean {
  return /^(504b0304|1f8b|425a68|fd377a585a00)/.test(magic);
}
