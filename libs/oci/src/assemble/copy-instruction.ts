import { closeSync, openSync, readSync } from 'node:fs';
import { bytesOf, hasWildcards } from '@excel2doc/go-text';
import { OciError } from '../error';
import type { LayerRecord } from '../layout/record';
import { cleanPath } from '../tar/entry';
import { looksLikeHeader } from '../tar/header';
import { type Node, Tree } from '../tree/tree';
import type { Assembly, CarriedOut, StageInput } from './assembly';
import { ChangedTree } from './changed-tree';
import { absolutePath, copySource, matchSources } from './copy';
import type { AddInstruction, CopyInstruction } from './instruction';
import { hasRoomFor } from '../package-layers/groups';
import type { LayerIndex } from '../tree/layer-index';
import { lookUpOwner } from './owner';

/** COPY and ADD: the changes that they make, or the finished layer that makes them. */
export async function runCopy(
  assembly: Assembly,
  copy: CopyInstruction | AddInstruction,
): Promise<CarriedOut> {
  const { tree, contents, config } = assembly;
  const createdBy = describe(copy);
  const from = copy.from === undefined ? undefined : await assembly.stage(copy.from);
  const source = from?.tree ?? assembly.context();
  if (from) {
    const reused = await reusableLayers(assembly, copy, from.input);
    if (reused) return { createdBy, reused };
  }
  if (copy.kind === 'add') refuseArchives(source, copy.sources);

  const isLink = copy.link === true && copy.chmod === undefined;
  const target = new ChangedTree(isLink ? new Tree() : tree);
  const destination = absolutePath(config.config?.WorkingDir || '/', copy.destination);
  const options = {
    isWhole: from !== undefined,
    ...(copy.chown && { owner: await lookUpOwner(copy.chown, target.tree, contents) }),
    ...(copy.chmod !== undefined && { mode: parseInt(copy.chmod, 8) }),
  };
  for (const path of copy.sources) copySource(target, source, path, destination, options);
  for (const { name, content } of copy.heredocs ?? []) {
    const inline = inlineFile(name, content);
    copySource(target, inline, name, destination, { ...options, contentsOnly: false });
  }
  if (isLink) layOnTop(tree, target);
  return { createdBy, changes: target, isFromStage: from !== undefined };
}

/** A linked copy is a layer of its own, laid on top without looking at what is below. */
function layOnTop(tree: Tree, target: ChangedTree): void {
  const changes = target.entries();
  const entries = changes.map(({ entry }) => entry);
  const diffId = 'sha256:' as LayerRecord['diffId'];
  tree.applyLayer({ diffId, entries, kept: {} }, diffId);
  // The nodes that it made know neither where their content lies nor which are one file.
  for (const { entry, inode } of changes) tree.get(entry.path)!.inode = inode;
}

function describe(copy: CopyInstruction | AddInstruction): string {
  return [
    copy.kind.toUpperCase(),
    ...(copy.chown ? [`--chown=${copy.chown}`] : []),
    ...(copy.chmod ? [`--chmod=${copy.chmod}`] : []),
    ...copy.sources,
    ...(copy.heredocs ?? []).map(({ name }) => `<<${name}`),
    copy.destination,
    '# buildkit',
  ].join(' ');
}

function inlineFile(name: string, text: string): Tree {
  const tree = new Tree();
  const bytes = Buffer.from(text);
  const content = { kind: 'bytes' as const, bytes };
  const node: Node = {
    inode: { type: 'file', mode: 0o644, uid: 0, gid: 0, sizeBytes: bytes.length, content },
  };
  tree.set(cleanPath(name), node);
  return tree;
}

/**
 * The exported layers that do just what `COPY --from=stage /path /path` does: the stage exported
 * that very path, nothing is there yet, and the folders above are as those layers have them.
 */
async function reusableLayers(
  { tree, config, indexes, layers: below }: Assembly,
  copy: CopyInstruction | AddInstruction,
  { record, source }: StageInput,
): Promise<LayerRecord[] | undefined> {
  const [path, ...more] = copy.sources;
  const plain = !copy.chown && !copy.chmod && !copy.heredocs?.length && more.length === 0;
  if (!plain || path === undefined || hasWildcards(path)) return undefined;
  const from = cleanPath(absolutePath('/', path));
  const to = cleanPath(absolutePath(config.config?.WorkingDir || '/', copy.destination));
  const exported = record.paths?.find((item) => cleanPath(item.path) === from)?.layers ?? [];
  const layers = exported.flatMap(
    (digest) => record.layers.find((item) => item.digest === digest) ?? [],
  );
  if (from !== to || layers.length === 0 || layers.length < exported.length) return undefined;
  if (!hasRoomFor(layers.length, below.length)) return undefined;
  if (tree.get(to) || tree.resolve(to) !== to) return undefined;

  const read: [LayerIndex, LayerRecord][] = [];
  for (const layer of layers) read.push([await indexes.read(layer, source), layer]);
  const entries = read.flatMap(([index]) => index.entries);
  for (const entry of entries) {
    if (!from.startsWith(`${entry.path}/`)) continue;
    const here = tree.get(entry.path)?.inode;
    if (!here) continue;
    const same =
      here.type === entry.type &&
      here.mode === entry.mode &&
      here.uid === entry.uid &&
      here.gid === entry.gid &&
      !here.xattrs;
    if (!same) return undefined;
  }
  if (
    copy.destination.endsWith('/') &&
    entries.some(({ path: at, type }) => at === from && type !== 'directory')
  ) {
    return undefined;
  }
  for (const [index, layer] of read) tree.applyLayer(index, layer.digest);
  return layers.map((layer) => ({
    ...layer,
    from: layer.from === 'self' ? `stage:${copy.from!}` : layer.from,
  }));
}

/** ADD unpacks local archives; that is BuildKit's. What merely begins like one counts as one. */
function refuseArchives(source: Tree, patterns: readonly string[]): void {
  for (const path of patterns.flatMap((pattern) => matchSources(source, pattern))) {
    const content = source.get(source.resolve(path))?.inode.content;
    if (content && (content.kind !== 'file' || looksPacked(content.path))) {
      throw new OciError('NOT_ASSEMBLABLE', {
        message: `ADD ${path}: archives are left to BuildKit`,
      });
    }
  }
}

function looksPacked(path: string): boolean {
  const start = Buffer.alloc(512);
  const file = openSync(bytesOf(path), 'r');
  try {
    readSync(file, start, 0, 512, 0);
  } finally {
    closeSync(file);
  }
  const hex = start.toString('hex', 0, 6);
  const packed = ['1f8b', '425a68', 'fd377a585a00', '28b52ffd'].some((magic) =>
    hex.startsWith(magic),
  );
  return packed || looksLikeHeader(start);
}
