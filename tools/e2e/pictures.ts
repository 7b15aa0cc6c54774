import type { Stack } from './stack';

const PACK = `
import base64, io, json, sys, zipfile
from PIL import Image
files = json.load(sys.stdin)
out = io.BytesIO()
with zipfile.ZipFile(out, "w") as archive:
    for name, size in files.items():
        content = io.BytesIO(b"no picture")
        if size:
            Image.new("RGB", (size, size), "#1f6feb").save(content, "PNG")
        archive.writestr(name, content.getvalue())
print(base64.b64encode(out.getvalue()).decode())`;

const COUNT = `
import base64, io, json, sys, zipfile, docx
archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(sys.stdin.read())))
shown = lambda name: [int(s.width.mm) for s in docx.Document(io.BytesIO(archive.read(name))).inline_shapes]
print(json.dumps({name: shown(name) for name in archive.namelist()}))`;

/**
 * A .zip of pictures, made where the service is.
 *
 * @param sizes pixels of a side by name; of 0 it is no picture
 */
export async function packPictures(stack: Stack, sizes: Record<string, number>): Promise<Buffer> {
  const packed = await stack.python('backend', PACK, JSON.stringify(sizes));
  return Buffer.from(packed, 'base64');
}

/** How wide the pictures are, in whole millimetres, of each .docx in a .zip. */
export async function widthsOfPictures(
  stack: Stack,
  content: Buffer,
): Promise<Record<string, number[]>> {
  const text = await stack.python('backend', COUNT, content.toString('base64'));
  return JSON.parse(text) as Record<string, number[]>;
}
