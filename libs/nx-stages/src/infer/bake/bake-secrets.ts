import { posix } from 'node:path';
import type { SecretOption } from '@excel2doc/stages';
import { type DeclaredSecrets, fromFolder, inFolder } from '../compose-secrets';
import { UNKNOWN, type Value, type ValueMap } from './hcl';

/** The secrets and SSH agents of a Bake target: texts in BuildKit's form, or objects. */
export function bakeSecrets({ secret, ssh }: ValueMap, file: string): DeclaredSecrets {
  const folder = posix.dirname(file);
  const unread: string[] = [];
  const secrets = listOf('secret', secret, unread).flatMap((each): SecretOption[] => {
    if (typeof each === 'string') return [placed(each, folder)];
    const texts = textsOf(each);
    if (texts) return [inWorkspace(texts, folder)];
    unread.push('secret');
    return [];
  });
  const agents = listOf('ssh', ssh, unread).flatMap((each) => {
    if (typeof each === 'string') return inFolder(folder, each);
    const { id, paths } = (isMap(each) ? each : {}) as { id?: Value; paths?: Value };
    const known = Array.isArray(paths) ? paths.filter((path) => typeof path === 'string') : [];
    if (typeof id !== 'string' || (Array.isArray(paths) && known.length < paths.length)) {
      unread.push('ssh');
      return [];
    }
    return known.length > 0 ? inFolder(folder, `${id}=${known.join(',')}`) : id;
  });
  const isAny = secrets.length > 0 || agents.length > 0;
  return {
    ...(isAny && {
      options: {
        ...(secrets.length > 0 && { secrets }),
        ...(agents.length > 0 && { ssh: agents }),
      },
    }),
    unread: [...new Set(unread)],
  };
}

function listOf(key: string, value: Value | undefined, unread: string[]): Value[] {
  if (value === undefined || value === null) return [];
  const list: Value[] = Array.isArray(value) ? value : [value];
  if (list.every((each) => each !== UNKNOWN)) return list;
  unread.push(key);
  return [];
}

/** A path in a text in BuildKit's form, relative to the workspace then. */
function placed(text: string, folder: string): string {
  // There it is the name of a variable.
  if (/(?<=^|,)type=env(?=,|$)/.test(text)) return text;
  return text.replace(
    /(?<=^|,)("?)(src|source)=([^,"]*)/g,
    (_, quote: string, name: string, path: string) => `${quote}${name}=${fromFolder(folder, path)}`,
  );
}

function inWorkspace(texts: Record<string, string>, folder: string): SecretOption {
  const { src, type } = texts;
  const placed = src === undefined || type === 'env' ? {} : { src: fromFolder(folder, src) };
  // Without an id, or with a field that is none, it is refused where it is read.
  return { id: '', ...texts, ...placed };
}

const isMap = (value: Value): value is ValueMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function textsOf(value: Value): Record<string, string> | undefined {
  if (!isMap(value)) return undefined;
  const entries = Object.entries(value).filter(([, each]) => each !== null && each !== '');
  if (entries.some(([, each]) => typeof each !== 'string')) return undefined;
  return Object.fromEntries(entries) as Record<string, string>;
}
