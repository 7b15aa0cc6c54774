import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Workload } from './workload';

export interface Scenario {
  name: string;
  /** Changes one way's files before a round. */
  change(folder: string, round: number): void;
}

export const nothing: Scenario = { name: 'nothing changed', change: () => undefined };

export const sourceLine = ({ sourceFile }: Workload): Scenario => ({
  name: 'one source line',
  change: (folder, round) =>
    appendFileSync(join(folder, sourceFile), `# ${round} ${process.hrtime.bigint()}\n`),
});

export const comment: Scenario = {
  name: 'a comment in requirements.txt',
  change: (folder, round) =>
    appendFileSync(join(folder, 'requirements.txt'), `# ${round} ${process.hrtime.bigint()}\n`),
};

/** Without dependencies of their own. */
const SMALL = [
  ...['iniconfig', 'packaging', 'pluggy', 'sortedcontainers'],
  ...['attrs', 'mypy-extensions', 'pathspec'],
];

/** A package more, each round another one, with the hashes that requirements-dev.txt has for it. */
export const packageAdded: Scenario = {
  name: 'one package added',
  change: (folder, round) => {
    const name = SMALL[round % SMALL.length];
    const pinned = readFileSync(join(folder, 'requirements-dev.txt'), 'utf8');
    const entry = new RegExp(`^${name}==[^#]+`, 'm').exec(pinned)?.[0];
    if (!entry) throw new Error(`${name} is not in requirements-dev.txt`);
    appendFileSync(join(folder, 'requirements.txt'), `${entry.trimEnd()}\n`);
  },
};
