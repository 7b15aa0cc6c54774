import { cleanPath, formatDuration, matcher, parseDuration, quote } from '../src/index';

const show = (...values: unknown[]) => process.stdout.write(`${JSON.stringify(values)}\n`);

show(matcher('?.txt')('😀.txt'), matcher('a*')('a/b'), matcher('a[')('b'));
show(cleanPath('/a/./b/../c/'), parseDuration('1h0.5m'), formatDuration(90e9));
process.stdout.write(`${quote('a "b"\u200b')}\n`);
