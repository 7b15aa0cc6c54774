/** Something that is known, or why it is not. */
export type Known<T> = { value: T } | { why: string };
