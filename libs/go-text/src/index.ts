export { bytesOf, octetsOf, textOf, textOfOctets } from './bytes';
export { cleanPath } from './clean-path';
export { formatDuration, parseDuration } from './duration';
export { hasWildcards, matcher } from './match';
export type { Matcher } from './match';
export { quote, quoteList, quoteRune } from './quote';
export { runeAt } from './rune';
export type { Rune } from './rune';
export { isSpace, trimSpace, trimStart } from './space';
