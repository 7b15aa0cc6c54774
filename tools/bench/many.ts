/** `nx run bench:many`: how near plans of shards come to what no plan can beat. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '../workspace';
import { IMAGES, page, rowOf, RUNNERS } from './many/table';

const rows = IMAGES.flatMap((images) => RUNNERS.map((runners) => rowOf(images, runners)));
const file = join(workspaceRoot, 'docs/benchmarks/many');
writeFileSync(`${file}.json`, `${JSON.stringify({ rows }, undefined, 2)}\n`);
writeFileSync(`${file}.md`, page(rows));
console.log(page(rows));
