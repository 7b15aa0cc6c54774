import type { RuleSet } from '../rules';
import type { Expansion } from '../syntax/expand';
import { expand, unknown } from '../syntax/expand';

/** The variables that an instruction sees: ENV, and ARG as far as they have a value. */
export class Scope {
  private readonly values: Map<string, string | typeof unknown>;
  /** What is in the image's configuration: of the base image, and of ENV. */
  private readonly env: Map<string, string | typeof unknown>;

  /**
   * @param env of the base image
   * @param open a name that is not listed may come from a base image's configuration
   */
  constructor(
    env: Iterable<readonly [string, string | typeof unknown]>,
    readonly open: boolean,
    readonly rules: RuleSet,
  ) {
    this.env = new Map(env);
    this.values = new Map(this.env);
  }

  copy(): Scope {
    const scope = new Scope(this.env, this.open, this.rules);
    for (const [name, value] of this.values) scope.set(name, value);
    return scope;
  }

  /**
   * What a stage that is built on this one starts with: an ARG of this one counts there, too, but not
   * where the image has a variable of its name, which it had covered here.
   *
   * @see https://github.com/moby/buildkit, dockerfile2llb, where the image's variables are set once more
   */
  below(): Scope {
    const scope = this.copy();
    for (const [name, value] of this.env) scope.set(name, value);
    return scope;
  }

  /** As ENV does it. */
  setEnv(name: string, value: string | typeof unknown): void {
    this.env.set(name, value);
    this.set(name, value);
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
