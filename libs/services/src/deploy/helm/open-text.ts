import { stringify } from 'yaml';

/**
 * A text of YAML with places that Helm fills. A place is a word in the values that are written, and
 * becomes what Helm reads afterwards, so that neither side has to know how the other quotes.
 */
export class OpenText {
  readonly #places: string[] = [];
  readonly #word: string;

  /** @param values what is written; the words of places occur nowhere in it */
  constructor(values: unknown) {
    let word = 'PLACE';
    while (JSON.stringify(values).includes(word)) word += 'S';
    this.#word = word;
  }

  /** A value of one line, such as `.Values.image | quote`. */
  value(expression: string): string {
    return this.#place(`{{ ${expression} }}`);
  }

  /** A value in which an expression is a part, such as `backup-{{ … }}`. */
  text(template: string): string {
    return this.#place(template);
  }

  /** Lines that may be there or not, as a key of a mapping whose value is `true`, or as an item. */
  lines(template: string): string {
    return this.#place(template);
  }

  /** As a template of Helm's. What looks like one in the values is written so that it stays as it is. */
  write(values: unknown): string {
    const text = stringify(values, { compat: 'yaml-1.1' }).replaceAll('{{', '{{ "{{" }}');
    const place = `${this.#word}(\\d+)END`;
    const wholeLine = new RegExp(`^( *)(?:- )?${place}(?:: true)?$`, 'gm');
    const of = (index: string) => this.#places[Number(index)] ?? '';
    return text
      .replace(wholeLine, (_, indent: string, index: string) =>
        of(index)
          .split('\n')
          .map((line) => `${indent}${line}`)
          .join('\n'),
      )
      .replace(new RegExp(place, 'g'), (_, index: string) => of(index));
  }

  #place(template: string): string {
    return `${this.#word}${this.#places.push(template) - 1}END`;
  }
}

/** A member of `.Values`, by names that may hold what Go's templates take for a minus. */
export const valueAt = (...path: string[]) =>
  `(index .Values ${path.map((each) => JSON.stringify(each)).join(' ')})`;
