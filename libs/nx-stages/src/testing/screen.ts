/**
 * What stands in a terminal, scrolled back to its beginning, when a command has ended in it: lines that
 * were drawn over are not there. Knows what Nx and its terminal UI send, no more of a terminal.
 *
 * @see ECMA-48, 8.3: CUU, CHA, ED, EL
 */
export function screenOf(sent: string): string[] {
  // The terminal UI has a screen of its own, which is gone with it.
  const own = sent.replace(/\x1b\[\?1049h[\s\S]*?\x1b\[\?1049l(?:\x1b\[1;1H\x1b\[2J)?/g, '');
  const lines = [''];
  let row = 0;
  let column = 0;
  // eslint-disable-next-line no-control-regex -- these are what is read
  for (const [, control, final, text] of own.matchAll(TOKEN)) {
    const by = Number.parseInt(control ?? '') || 0;
    if (final === 'A') row = Math.max(0, row - Math.max(1, by));
    else if (final === 'G') column = Math.max(1, by) - 1;
    else if (final === 'J' && by === 0) {
      lines.length = row + 1;
      lines[row] = lines[row]!.slice(0, column);
    } else if (final === 'K')
      lines[row] = by === 2 ? '' : by === 0 ? lines[row]!.slice(0, column) : lines[row]!;
    else if (text === '\r') column = 0;
    else if (text === '\n') {
      row += 1;
      lines[row] ??= '';
    } else if (text !== undefined) {
      const line = lines[row]!.padEnd(column);
      lines[row] = line.slice(0, column) + text + line.slice(column + text.length);
      column += text.length;
    }
  }
  return lines.map((line) => line.trimEnd());
}

/** A control sequence (its parameters, its final byte), another escape, or text. */
const TOKEN = // eslint-disable-next-line no-control-regex -- these are what is read
  /\x1b\[([\d;?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|(\r|\n|[^\x1b\r\n]+)/g;
