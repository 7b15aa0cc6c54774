/** Whose modes files of a context have: those that git knows (the default), or those on the disk. */
export type Modes = 'git' | 'disk';
