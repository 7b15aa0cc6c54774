/** The statements of an SQL script, without comments and with the content of every text taken out. */
export function statements(sql: string): string[] {
  const token =
    /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|;|[^-/'"$;]+|[\s\S]/g;
  const found: string[] = [];
  let current = '';
  for (const match of sql.matchAll(token)) {
    const [text] = match;
    if (text === ';') {
      found.push(current);
      current = '';
    } else if (text.startsWith('--') || text.startsWith('/*')) current += ' ';
    else if (text.length > 1 && (text.startsWith("'") || text.startsWith('$'))) current += "''";
    else current += text;
  }
  return [...found, current]
    .map((statement) => statement.replace(/\s+/g, ' ').trim())
    .filter(Boolean);
}
