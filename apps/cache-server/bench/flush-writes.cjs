// Loaded into the peer before its own code: what it writes is on the disk before its file is closed, and
// so before it answers. Node's own option for that; nothing else of the peer changes.
const fs = require('node:fs');

const { createWriteStream } = fs;
fs.createWriteStream = (path, options) =>
  createWriteStream(path, { ...(typeof options === 'string' ? { encoding: options } : options), flush: true }); // prettier-ignore
