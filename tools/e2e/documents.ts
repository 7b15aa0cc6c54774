import type { Stack } from './stack';

const WRITE = `
import base64, io, sys, docx
document = docx.Document()
for text in sys.stdin.read().split("\\n"):
    document.add_paragraph(text)
out = io.BytesIO()
document.save(out)
print(base64.b64encode(out.getvalue()).decode())`;

const READ = `
import base64, io, json, sys, zipfile, docx
def texts(content):
    document = docx.Document(io.BytesIO(content))
    cells = [c.text for table in document.tables for row in table.rows for c in row.cells]
    return [p.text for p in document.paragraphs if p.text] + cells
content = base64.b64decode(sys.stdin.read())
archive = zipfile.ZipFile(io.BytesIO(content))
if "word/document.xml" in archive.namelist():
    print(json.dumps({"": texts(content)}))
else:
    print(json.dumps({name: texts(archive.read(name)) for name in archive.namelist()}))`;

/** A .docx of these paragraphs, made by python-docx where it is installed: in the container. */
export async function writeDocument(stack: Stack, paragraphs: string[]): Promise<Buffer> {
  return Buffer.from(await stack.python('backend', WRITE, paragraphs.join('\n')), 'base64');
}

/** The paragraphs and cells of a .docx (under ''), or of each .docx in a .zip under its name. */
export async function readDocuments(
  stack: Stack,
  content: Buffer,
): Promise<Record<string, string[]>> {
  const text = await stack.python('backend', READ, content.toString('base64'));
  return JSON.parse(text) as Record<string, string[]>;
}
