/** Each generator under its name in generators.json. */
const { load } = require('./bundle.cjs');
const { generators } = require('../generators.json');

for (const name of Object.keys(generators)) {
  Object.defineProperty(exports, name, { get: () => load(`generators/${name}/generator`).default });
}
