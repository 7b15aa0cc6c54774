import type { ImageDescription } from '@excel2doc/oci';
import type { Describing } from './describing';
import {
  type DescriptionEntry,
  parseDeclared,
  parseEntries,
  type Place,
} from './description-entry';
import { textOf } from './evaluate';
import { expressionsIn } from './expression';
import type { TagFacts } from './facts';
import { listed } from './listed';

/** What an image is described by, as it is known now. */
export interface Description {
  /** By name; null takes away what the image has under it. */
  labels: Readonly<Record<string, string | null>>;
  annotations: readonly Annotation[];
  /** What is not known, a line each. */
  notes: string[];
}

export interface Annotation {
  key: string;
  value: string;
  places: readonly Place[];
}

/**
 * The labels and annotations of an image: those that a Compose or Bake file declares, and over them what
 * the options say. One that was asked for and is not known is left out and named, and none of that name
 * stays: a base image's revision or version is not this image's.
 *
 * @throws StagesError `LABEL_INVALID`
 */
export function description(describing: Describing, facts: TagFacts): Description {
  const { labels: own, annotations: named } = entriesOf(describing);
  const notes: string[] = [];
  const labels: Record<string, string | null> = { ...describing.declared?.labels };
  for (const { key, value, text } of own) {
    const known = textOf(value, facts);
    labels[key] = 'value' in known ? known.value : null;
    if ('why' in known) notes.push(leftOut('labels', text, key, known.why));
  }
  const annotations: Annotation[] = parseDeclared(describing.declared?.annotations ?? []);
  for (const { key, value, text, places } of named) {
    const known = textOf(value, facts);
    if ('value' in known) annotations.push({ key, value: known.value, places });
    else notes.push(leftOut('annotations', text, key, known.why));
  }
  return { labels, annotations, notes: [...new Set(notes)] };
}

/** Whether anything of it changes with the commit, its tags or its branch. */
export function followsCommit(describing: Describing): boolean {
  return namesIn(describing).some((name) => name !== 'source' && name !== 'version');
}

/** Whether the time of the commit is in it. */
export function usesCommitDate(describing: Describing): boolean {
  return namesIn(describing).includes('commit_date');
}

/** Whether an expression of it may be made of git's tags. */
export function describesGitTags(describing: Describing): boolean {
  return namesIn(describing).some((name) => name === 'version' || name === 'tag');
}

/** @throws StagesError `LABEL_INVALID` */
export function checkDescription(describing: Describing): void {
  entriesOf(describing);
  parseDeclared(describing.declared?.annotations ?? []);
}

/** The labels and annotations that an image of a platform has in its own config and manifest. */
export function imageDescription(
  { labels, annotations }: Description,
  platform: string,
): ImageDescription {
  return { labels, annotations: annotationsAt(annotations, 'manifest', platform) };
}

/** What stands at one place; later entries go before earlier ones. */
export function annotationsAt(
  annotations: readonly Annotation[],
  level: Place['level'],
  platform?: string,
): Record<string, string> {
  const there = annotations.filter(({ places }) =>
    places.some(
      (place) =>
        place.level === level && (place.platform === undefined || place.platform === platform),
    ),
  );
  const pairs = there.map(({ key, value }) => [key, value] as const);
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** The annotations that stand nowhere in what is pushed for these platforms, a line each. */
export function unplaced({ annotations }: Description, platforms: readonly string[]): string[] {
  const isThere = ({ level, platform }: Place) =>
    (level === 'manifest' || platforms.length > 1) &&
    (level === 'index' || platform === undefined || platforms.includes(platform));
  return annotations
    .filter(({ places }) => !places.some(isThere))
    .map(
      ({ key, places: [first] }) =>
        `annotations: ${key} is left out: an image for ${platforms.join(', ')} has no ${first?.level}${first?.platform ? ` for ${first.platform}` : ''}`,
    );
}

function entriesOf(describing: Describing): {
  labels: DescriptionEntry[];
  annotations: DescriptionEntry[];
} {
  return {
    labels: parseEntries('labels', listed(describing.labels)),
    annotations: parseEntries('annotations', listed(describing.annotations)),
  };
}

function namesIn(describing: Describing): string[] {
  const { labels, annotations } = entriesOf(describing);
  return [...labels, ...annotations].flatMap(({ value }) => expressionsIn(value).names);
}

const leftOut = (option: string, text: string, key: string, why: string) =>
  text.includes(key)
    ? `${option}: "${text}" is left out: ${why}`
    : `${option}: ${key} is left out: ${why}`;
