/** Each batch under the name of its executor. */
const { load } = require('./bundle.cjs');
const { executors } = require('../executors.json');

for (const [name, { batchImplementation }] of Object.entries(executors)) {
  if (!batchImplementation) continue;
  Object.defineProperty(exports, name, { get: () => load(`executors/${name}/batch`).default });
}
