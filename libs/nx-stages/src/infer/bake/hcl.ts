import { type Token, heredocText, tokens } from './tokens';
import { UNKNOWN } from './unknown';

/**
 * As much of HCL as Bake files in the wild are made of: blocks, strings with variables in them,
 * numbers, lists, maps. An expression beyond that (a function, a condition) reads as `UNKNOWN`: what
 * it stands for is then not known, and the rest of the file still is.
 *
 * @see hashicorp/hcl, hclsyntax/spec.md
 */
export { UNKNOWN } from './unknown';

export type Value = string | number | boolean | null | typeof UNKNOWN | Value[] | ValueMap;
export interface ValueMap {
  [key: string]: Value;
}

export interface Block {
  /** `target`, `group`, `variable` */
  type: string;
  labels: string[];
  attributes: ValueMap;
}

/** @throws Error naming the line where the text is no HCL. */
export function parseHcl(text: string, variables: ValueMap = {}): Block[] {
  return new Parser(tokens(text), variables).file();
}

class Parser {
  private at = 0;

  constructor(
    private readonly tokens: Token[],
    private readonly variables: ValueMap,
  ) {}

  file(): Block[] {
    const blocks: Block[] = [];
    for (this.skipLines(); this.peek(); this.skipLines()) {
      const type = this.take('name');
      if (this.is('=')) {
        // An attribute of the file itself: a variable without a block.
        this.at++;
        this.variables[type] ??= this.expression();
        continue;
      }
      const labels: string[] = [];
      for (let next = this.peek(); next && !this.is('{'); next = this.peek()) {
        labels.push(next.kind === 'string' ? next.text.slice(1, -1) : next.text);
        this.at++;
        if (next.kind !== 'string' && next.kind !== 'name') throw this.problem(next);
      }
      const attributes = this.body();
      blocks.push({ type, labels, attributes });
      const [name] = labels;
      if (type === 'variable' && name) this.variables[name] ??= attributes['default'] ?? UNKNOWN;
    }
    return blocks;
  }

  private body(): ValueMap {
    this.sign('{');
    const attributes: ValueMap = {};
    for (this.skipLines(); !this.is('}'); this.skipLines()) {
      const key = this.take('name');
      if (this.is('=')) {
        this.at++;
        attributes[key] = this.expression();
        continue;
      }
      // A block in a block (`validation { ... }`) says nothing that is read here.
      while (this.peek()?.kind === 'string') this.at++;
      this.body();
    }
    this.at++;
    return attributes;
  }

  private expression(): Value {
    const start = this.at;
    const { value, problem } = this.attempt();
    const next = this.peek();
    const ends = !next || next.kind === 'line' || [',', ']', '}'].includes(next.text);
    if (ends && value !== UNKNOWN) return value;
    this.at = start;
    this.skipExpression();
    // Where nothing closes it, the file itself is broken.
    if (problem && !this.peek()) throw problem;
    return UNKNOWN;
  }

  /** What is beyond the subset that is read here costs its own attribute, and no other. */
  private attempt(): { value: Value; problem?: unknown } {
    try {
      return { value: this.primary() };
    } catch (problem) {
      return { value: UNKNOWN, problem };
    }
  }

  private primary(): Value {
    const token = this.peek();
    if (!token) return UNKNOWN;
    this.at++;
    if (token.kind === 'string') return this.text(token.text.slice(1, -1));
    if (token.kind === 'heredoc') return heredocText(token.text);
    if (token.kind === 'number') return Number(token.text);
    if (token.text === '[') return this.list();
    if (token.text === '{') return this.map();
    if (token.kind !== 'name') return UNKNOWN;
    const constants: ValueMap = { true: true, false: false, null: null };
    if (token.text in constants) return constants[token.text] as Value;
    return this.variables[token.text] ?? UNKNOWN;
  }

  private list(): Value {
    const values: Value[] = [];
    for (this.skipLines(); !this.is(']'); this.skipLines()) {
      values.push(this.expression());
      this.skipLines();
      if (this.is(',')) this.at++;
      else if (!this.is(']')) throw this.problem(this.peek());
    }
    this.at++;
    return values;
  }

  private map(): Value {
    const values: ValueMap = {};
    for (this.skipLines(); !this.is('}'); this.skipLines()) {
      const key = this.peek();
      this.at++;
      if (key?.kind !== 'name' && key?.kind !== 'string') throw this.problem(key);
      if (!this.is('=') && !this.is(':')) throw this.problem(this.peek());
      this.at++;
      values[key.kind === 'string' ? key.text.slice(1, -1) : key.text] = this.expression();
      if (this.is(',')) this.at++;
    }
    this.at++;
    return values;
  }

  /** A string with `${VARIABLE}` in it; any other template is unknown. */
  private text(raw: string): Value {
    let known = true;
    const text = raw
      .replace(/(?<!\$)\$\{([^}]*)\}/g, (_, name: string) => {
        const value = this.variables[name.trim()];
        if (typeof value !== 'string' && typeof value !== 'number') known = false;
        return String(value ?? '');
      })
      .replace(/\\(["\\])/g, '$1')
      .replaceAll('\\n', '\n')
      .replaceAll(/([$%])\1\{/g, '$1{');
    return known && !/(?<!%)%\{/.test(raw) ? text : UNKNOWN;
  }

  /** To the end of the line or of what it stands in, over brackets. */
  private skipExpression(): void {
    const open: string[] = [];
    for (let next = this.peek(); next; next = this.peek()) {
      if (open.length === 0 && (next.kind === 'line' || [',', ']', '}'].includes(next.text)))
        return;
      const closing = { '{': '}', '[': ']', '(': ')' }[next.text];
      if (closing) open.push(closing);
      else if (['}', ']', ')'].includes(next.text) && open.pop() !== next.text)
        throw this.problem(next);
      this.at++;
    }
  }

  private skipLines(): void {
    while (this.peek()?.kind === 'line') this.at++;
  }

  private peek(): Token | undefined {
    return this.tokens[this.at];
  }

  private is(sign: string): boolean {
    const next = this.peek();
    return next?.kind === 'sign' && next.text === sign;
  }

  private sign(sign: string): void {
    if (!this.is(sign)) throw this.problem(this.peek());
    this.at++;
  }

  private take(kind: Token['kind']): string {
    const next = this.peek();
    if (next?.kind !== kind) throw this.problem(next);
    this.at++;
    return next.text;
  }

  private problem(token: Token | undefined): Error {
    return new Error(
      token
        ? `line ${token.line}: ${JSON.stringify(token.text)} has no place here`
        : 'it ends in the middle of a block',
    );
  }
}
