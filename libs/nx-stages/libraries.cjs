/** The libraries of this workspace that the plugin stands on, itself first: they come in its package. */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const SCOPE = '@excel2doc/';

/** Absolute path of the folder that the libraries lie in. */
const folder = join(__dirname, '..');

/**
 * Names of folders, each once.
 *
 * @returns {string[]}
 */
function libraries() {
  const found = ['nx-stages'];
  // It grows while it is walked.
  for (const name of found) {
    const { dependencies = {} } = JSON.parse(
      readFileSync(join(folder, name, 'package.json'), 'utf8'),
    );
    const below = Object.keys(dependencies)
      .filter((each) => each.startsWith(SCOPE))
      .map((each) => each.slice(SCOPE.length));
    found.push(...below.filter((each) => !found.includes(each)));
  }
  return found;
}

module.exports = { folder, libraries };
