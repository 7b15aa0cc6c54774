/** Each hasher under the name of its executor. In one bundle: two of one run plan a Dockerfile once. */
const { loadTogether } = require('./bundle.cjs');
const { executors } = require('../executors.json');

const names = Object.keys(executors).filter((name) => executors[name].hasher);
const entries = Object.fromEntries(names.map((name) => [name, `hashers/${name}/hasher`]));

for (const name of names) {
  Object.defineProperty(exports, name, { get: () => loadTogether('hashers', entries)[name] });
}
