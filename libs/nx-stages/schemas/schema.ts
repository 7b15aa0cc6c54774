/** An option as JSON schema says it; Nx reads types, defaults and examples from it. */
export interface Option {
  type?: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object';
  /** A sentence. */
  description: string;
  examples?: readonly unknown[];
  default?: unknown;
  enum?: readonly string[];
  items?: { type?: string; [more: string]: unknown };
  minimum?: number;
  maximum?: number;
  [more: string]: unknown;
}

export interface ExecutorSchema {
  title: string;
  /** What `nx list` and the reference say of it. */
  description: string;
  /** What executors.json says besides, a hasher or a batch for example. */
  executor?: Record<string, unknown>;
  /** What the schema says besides. */
  more?: Record<string, unknown>;
  /** Whatever else stands behind the target is for the command that it runs. */
  takesArguments?: true;
  /**
   * Unknown and missing options, and values of another type, are named by the executor: Nx looks at those
   * of a batch where nobody catches its error, and a stack trace is all that is seen.
   */
  checksOptions?: true;
  /** Options that must be given. */
  required?: readonly string[];
  options: Record<string, Option>;
}
