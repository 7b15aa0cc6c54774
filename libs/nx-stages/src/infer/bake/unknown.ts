/** What stands in a file and is not evaluated here. */
export const UNKNOWN = Symbol('unknown');
