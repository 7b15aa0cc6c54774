/** Each hasher under the name of its executor. */
const { load } = require('./bundle.cjs');
const { executors } = require('../executors.json');

for (const [name, { hasher }] of Object.entries(executors)) {
  if (!hasher) continue;
  Object.defineProperty(exports, name, { get: () => load(`hashers/${name}/hasher`).default });
}
