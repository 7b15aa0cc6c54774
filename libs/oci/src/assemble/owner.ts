import type { Contents } from '../tree/contents';
import type { Tree } from '../tree/tree';

export interface Owner {
  uid: number;
  gid: number;
}

/**
 * `app`, `app:web`, `1000`, `1000:33` as BuildKit reads it: a number alone is the group too, a name
 * brings its own group, a name that is not in the image is passed over, and nothing is root.
 */
export async function lookUpOwner(text: string, tree: Tree, contents: Contents): Promise<Owner> {
  const [user, group] = splitOwner(text);
  const owner: Owner = { uid: 0, gid: 0 };
  const id = numericId(user);
  if (id !== undefined) owner.uid = owner.gid = id;
  else {
    const fields = await findLine('/etc/passwd', user, tree, contents);
    if (fields) Object.assign(owner, { uid: Number(fields[2]), gid: Number(fields[3]) });
  }
  if (group === undefined) return owner;
  const groupId = numericId(group);
  if (groupId !== undefined) return { ...owner, gid: groupId };
  const fields = await findLine('/etc/group', group, tree, contents);
  return fields ? { ...owner, gid: Number(fields[2]) } : owner;
}

/** Whether a name in it has to be looked up in the image. */
export function namesSomebody(text: string): boolean {
  return splitOwner(text).some((part) => part !== undefined && numericId(part) === undefined);
}

function splitOwner(text: string): [user: string, group: string | undefined] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

function numericId(text: string): number | undefined {
  if (text === '' || text === 'root') return 0;
  return /^\d+$/.test(text) && Number(text) <= 0x7fffffff ? Number(text) : undefined;
}

async function findLine(path: string, name: string, tree: Tree, contents: Contents) {
  const inode = tree.get(tree.resolve(path))?.inode;
  if (inode?.type !== 'file') return undefined;
  const lines = (await contents.readWhole(inode)).toString('utf8').split('\n');
  return lines.map((line) => line.trim().split(':')).find((fields) => fields[0] === name);
}
