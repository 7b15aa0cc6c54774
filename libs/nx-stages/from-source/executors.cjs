/** Each executor under its name in executors.json; one that is not asked for is not loaded. */
const { load } = require('./bundle.cjs');
const { executors } = require('../executors.json');

for (const name of Object.keys(executors)) {
  Object.defineProperty(exports, name, { get: () => load(`executors/${name}/executor`).default });
}
