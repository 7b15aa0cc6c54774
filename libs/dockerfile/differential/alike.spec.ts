import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseDockerfile } from '../src/dockerfile';
import { DockerfileError } from '../src/error';
import { newestRules, ruleSets } from '../src/rules';
import type { RuleSet } from '../src/rules';
import { isReadAlike } from '../src/stage/alike';
import { evaluateStages } from '../src/stage/evaluate';
import { fingerprint } from '../src/stage/reading';
import type { DockerfileCase } from './dockerfiles';
import { baseImages, dockerfileCase } from './dockerfiles';

const cases = Number(process.env['FUZZ_CASES'] ?? 3000);
const digest = `sha256:${'0'.repeat(64)}`;
const bases = Object.fromEntries(
  Object.entries(baseImages).map(([name, facts]) => [name, { digest, ...facts }]),
);

function read(text: string, args: DockerfileCase['args'], rules: RuleSet) {
  const dockerfile = parseDockerfile(text, { file: 'Dockerfile', rules });
  const options = { platform: 'linux/amd64', buildArgs: args, bases };
  return { dockerfile, stages: evaluateStages(dockerfile, options) };
}

/** What a rule set makes of a text, or that it refuses it. */
function seen(text: string, args: DockerfileCase['args'], rules: RuleSet): string[] {
  try {
    return read(text, args, rules).stages.map((stage) =>
      stage.fault ? stage.fault.message : fingerprint(stage),
    );
  } catch (error) {
    if (error instanceof DockerfileError) return [error.message];
    throw error;
  }
}

function isAlike({ text, args }: DockerfileCase): boolean {
  try {
    const { dockerfile, stages } = read(text, args, newestRules);
    return isReadAlike(dockerfile, stages);
  } catch (error) {
    if (error instanceof DockerfileError) return false;
    throw error;
  }
}

it('what counts as read alike is read the same by every rule set', () => {
  const drawn = fc.sample(dockerfileCase, {
    seed: Number(process.env['FUZZ_SEED'] ?? process.env['TEST_SEED']),
    numRuns: cases,
  });
  const alike = drawn.filter(isAlike);
  for (const { text, args } of alike) {
    const [first, ...others] = ruleSets.map((rules) => seen(text, args, rules));
    for (const other of others) expect(other, text).toEqual(first);
  }
  expect(alike.length).toBeGreaterThan(cases / 50);
});

it.each([
  ['FROM scratch', 'ARG D=sub F=${D}', 'COPY $F /'],
  ['FROM scratch', 'COPY ["a","/x"] b'],
  ['FROM scratch', 'RUN ["a"] b'],
  ['FROM scratch', 'ARG TARGETSTAGE', 'RUN true'],
  ['FROM scratch', 'RUN --mount=type=bind,source=$TARGETSTAGE,target=/x true'],
  ['FROM scratch', 'ENV SOURCE_DATE_EPOCH=context'],
  ['FROM scratch', 'COPY host/a.git /x'],
  ['FROM scratch', 'ARG R=host/a.git', 'COPY $R /x'],
  ['FROM scratch', 'ARG M=0644', 'COPY --chmod=$M a /'],
  ['FROM scratch', 'ENV A=${B#}'],
  ['FROM scratch', 'EXPOSE ${A}80'],
  ['FROM scratch', 'RUN << EOF', 'true', 'EOF'],
  ['FROM trigger'],
  ['# escape=`', 'FROM scratch', 'COPY a`', ' b /x/'],
])('what may be read differently does not count as alike: %j', (...lines) => {
  expect(isAlike({ text: `${lines.join('\n')}\n`, args: {} })).toBe(false);
});

it.each([
  [
    'FROM base AS one',
    'FROM one',
    'ARG A=1',
    'ENV B="$A" C=${A:-x}',
    'COPY --from=one --chmod=0644 $A b /',
  ],
  ['FROM base', 'RUN --mount=type=bind,source=a,target=/a x && \\', '  y "$Z"', 'CMD ["a", "b"]'],
  ['# TARGETSTAGE', 'FROM base', 'RUN export SOURCE_DATE_EPOCH=0', 'CMD echo "$TARGETOSVERSION"'],
])('what most files hold does: %j', (...lines) => {
  expect(isAlike({ text: `${lines.join('\n')}\n`, args: {} })).toBe(true);
});
