import { mkdtemp, readFile, rm, writeFile, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '@excel2doc/engine';
import { buildImage } from './image';

const IMAGE = 'excel2doc/e2e-libreoffice';

/**
 * The text of a Word document as LibreOffice reads it; LibreOffice lives in an image of its own, so
 * that nothing is installed on this machine.
 *
 * @throws Error with LibreOffice's words when it does not open the document.
 */
export function textByLibreOffice(engine: Engine, document: Uint8Array): Promise<string> {
  const command = ['soffice', '--headless', '--convert-to', 'txt:Text (encoded):UTF8'];
  return textBy(engine, 'document.docx', document, [
    ...command,
    ...['--outdir', '/work', '/work/document.docx'],
  ]);
}

/** The text of a PDF, as Poppler finds it. */
export function textOfPdf(engine: Engine, pdf: Uint8Array): Promise<string> {
  const command = ['pdftotext', '-layout', '/work/document.pdf', '/work/document.txt'];
  return textBy(engine, 'document.pdf', pdf, command);
}

async function textBy(
  engine: Engine,
  name: string,
  content: Uint8Array,
  command: string[],
): Promise<string> {
  await buildImage(engine, IMAGE, join(__dirname, 'libreoffice'));
  const folder = await mkdtemp(join(tmpdir(), 'excel2doc-libreoffice-'));
  try {
    await chmod(folder, 0o777);
    await writeFile(join(folder, name), content);
    const { exitCode, stdout, stderr } = await engine.run({
      image: IMAGE,
      command,
      mounts: [`type=bind,source=${folder},target=/work`],
    });
    const text = await readFile(join(folder, 'document.txt'), 'utf8').catch(() => undefined);
    if (exitCode !== 0 || text === undefined) throw new Error(`${command[0]}: ${stdout}${stderr}`);
    return text;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
