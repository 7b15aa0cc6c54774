import type { RuleSet } from '../rules';
import type { Expansion } from '../syntax/expand';
import { expand, unknown } from '../syntax/expand';

/** The variables that an instruction sees: ENV, and ARG as far as they have a value. */
export class Scope {
  private readonly values: Map<string, string | typeof unknown>;

  /** `open`: a name that is not listed may come from a base image's configuration. */
  constructor(
    values: Iterable<readonly [string, string | typeof unknown]>,
    readonly open: boolean,
    readonly rules: RuleSet,
  ) {
    this.values = new Map(values);
  }

  copy(): Scope {
    return new Scope(this.values, this.open, this.rules);
  }

  readonly get = (name: string): string | undefined | typeof unknown => {
    if (this.values.has(name)) return this.values.get(name);
    return this.open ? unknown : undefined;
  };

  set(name: string, value: string | typeof unknown): void {
    this.values.set(name, value);
  }

  delete(name: string): void {
    this.values.delete(name);
  }

  expand(word: string, escape: string): Expansion {
    return expand(word, this.get, { escape, rules: this.rules });
  }

  /** The content of a heredoc, in which quotes are quotes and the directive `escape` does not count. */
  expandHeredoc(content: string): Expansion {
    return expand(content, this.get, { escape: '\\', ignoreQuotes: true, rules: this.rules });
  }
}
