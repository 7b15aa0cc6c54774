// What two other formatters show: `node oracles.mjs < CASES > TEXTS`, a JSON line a case, [format, value].
// A line out holds [ssf, numfmt]; null where one refuses the format.
import { createInterface } from 'node:readline';
import { format } from 'numfmt';
import ssf from 'ssf';

const options = {
  overflow: '########',
  dateErrorNumber: false,
  dateSpanLarge: false,
};

const attempt = (show) => {
  try {
    return show();
  } catch {
    return null;
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  const [code, value] = JSON.parse(line);
  const texts = [
    attempt(() => ssf.format(code, value)),
    attempt(() => format(code, value, options)),
  ];
  process.stdout.write(`${JSON.stringify(texts)}\n`);
}
