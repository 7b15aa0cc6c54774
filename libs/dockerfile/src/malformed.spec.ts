import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseDockerfile } from './dockerfile';
import { DockerfileError } from './error';
import { planStages } from './plan/plan-stages';
import { readStages } from './stages';

const flag = fc.oneof(
  fc.constantFrom(
    '--exclude=',
    '--from=',
    '--chown=',
    '--chmod=',
    '--mount=',
    '--link',
    '--parents',
  ),
  fc.constantFrom(
    '--checksum=',
    '--platform=',
    '--interval=',
    '--device=',
    '--',
    '--keep-git-dir=',
  ),
);
const piece = fc.oneof(
  flag,
  fc.constantFrom(
    '[',
    ']',
    '\\',
    '${',
    '}',
    '$A',
    '"',
    "'",
    '{2}{3}',
    '*',
    '**',
    ',',
    '=',
    '?',
    '<<',
  ),
  fc.string({ unit: 'binary-ascii', maxLength: 3 }),
  fc.string({ unit: 'binary', maxLength: 2 }),
);
const line = fc
  .tuple(
    fc.constantFrom(
      'COPY',
      'ADD',
      'RUN',
      'FROM',
      'HEALTHCHECK',
      'ENV',
      'ARG',
      'EXPOSE',
      'ONBUILD COPY',
    ),
    fc.array(fc.tuple(piece, fc.constantFrom('', ' ')), { maxLength: 6 }),
    fc.constantFrom('', ' . /x', ' a* /x', ' CMD x', ' true'),
  )
  .map(([keyword, parts, end]) => `${keyword} ${parts.flat().join('')}${end}`);

it('whatever is written, an error is one of ours, with a code', () => {
  const contextDir = mkdtempSync(join(tmpdir(), 'malformed-'));
  try {
    writeFileSync(join(contextDir, 'ab'), '');
    const fine = { seed: Number(process.env['FUZZ_SEED'] ?? 1), numRuns: 3000 };
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 3 }), line, (lines, pattern) => {
        writeFileSync(join(contextDir, '.dockerignore'), pattern.replaceAll('/', ''));
        const source = ['FROM scratch', ...lines].join('\n');
        for (const run of [
          () => readStages(source),
          () => planStages(parseDockerfile(source, { file: 'Dockerfile' }), { contextDir }),
        ])
          try {
            run();
          } catch (error) {
            if (!(error instanceof DockerfileError)) throw error;
            expect(error.code).toMatch(/^[A-Z_]+$/);
          }
      }),
      fine,
    );
  } finally {
    rmSync(contextDir, { recursive: true, force: true });
  }
});
