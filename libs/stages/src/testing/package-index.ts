import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

/**
 * A Python package index of the wheels in a folder: `package-index.ts FOLDER PORT`. It says each path that
 * it is asked for, as JSON in a line, and `"ready"` first. Run in whatever network asks for it.
 *
 * @see PyPA specifications, "Simple repository API"; cache headers as files.pythonhosted.org has them
 */
function main([folder = '', port = '']: string[]): void {
  const read = (name: string) => readFileSync(join(folder, name));
  const sha256 = (name: string) => createHash('sha256').update(read(name)).digest('hex');
  const say = (text: string) => void process.stdout.write(`${JSON.stringify(text)}\n`);
  const server = createServer(({ url = '' }, answer) => {
    say(url);
    const project = /^\/simple\/([^/]+)\/$/.exec(url)?.[1];
    const wheel = /^\/files\/([^/]+\.whl)$/.exec(url)?.[1] ?? '';
    const names = readdirSync(folder).filter((name) => name.endsWith('.whl'));
    const own = names.filter((name) => name.split('-')[0] === project);
    if (own.length > 0) {
      const links = own.map(
        (name) => `<a href="/files/${name}#sha256=${sha256(name)}">${name}</a>`,
      );
      const headers = { 'content-type': 'text/html', 'cache-control': 'max-age=600, public' };
      answer
        .writeHead(200, headers)
        .end(`<!DOCTYPE html><html><body>${links.join('\n')}</body></html>`);
    } else if (names.includes(wheel)) {
      const cacheControl = 'max-age=365000000, immutable, public';
      const headers = { 'content-type': 'application/octet-stream', etag: `"${sha256(wheel)}"` };
      answer.writeHead(200, { ...headers, 'cache-control': cacheControl }).end(read(wheel));
    } else answer.writeHead(404).end();
  });
  server.listen(Number(port), '0.0.0.0', () => say('ready'));
}

main(process.argv.slice(2));
