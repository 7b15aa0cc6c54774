import type { Expansion } from '../syntax/expand';
import { expand, unknown } from '../syntax/expand';

/** The variables that an instruction sees: ENV, and ARG as far as they have a value. */
export class Scope {
  private readonly values: Map<string, string | typeof unknown>;

  /** `open`: a name that is not listed may come from a base image's configuration. */
  constructor(
    values: Iterable<readonly [string, string | typeof unknown]>,
    readonly open: boolean,
  ) {
    this.values = new Map(values);
  }

  copy(): Scope {
    return new Scope(this.values, this.open);
  }

  readonly get = (name: string): string | undefined | typeof unknown => {
    if (this.values.has(name)) return this.values.get(name);
    return this.open ? unknown : undefined;
  };

  set(name: string, value: string | typeof unknown): void {
    this.values.set(name, value);
  }

  expand(word: string, escape: string): Expansion {
    return expand(word, this.get, { escape });
  }
}
