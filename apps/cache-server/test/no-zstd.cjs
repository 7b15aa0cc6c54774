// Preloaded, it makes any Node one of before 22.15, as far as zstd goes.
Reflect.deleteProperty(require('node:zlib'), 'createZstdCompress');
