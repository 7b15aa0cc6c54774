// Takes 40 s.
import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianProgram } from '@excel2doc/oci/testing/debian';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine } from '../engine';
import { locateEngine } from '../locate';

const image = `excel2doc-test/answer:${randomUUID()}`;
const shellLess = `${image}-shell-less`;
const PROGRAM = ['sh', '-c', 'echo said; echo "to a person" >&2; exit "$0"'];
let engine: Engine;
let folder: string;

beforeAll(async () => {
  engine = await locateEngine();
  folder = await mkdtemp(join(tmpdir(), 'engine-answer-'));
  await copyFile(debianProgram('busybox-static', 'bin/busybox'), join(folder, 'busybox'));
  await writeFile(
    join(folder, 'Dockerfile'),
    'FROM scratch AS none\nCOPY busybox /bin/echo\nCOPY busybox /bin/true\nFROM none\nCOPY busybox /bin/sh\n',
  );
  const build = (tag: string, target?: string) =>
    engine.build({
      dockerfile: join(folder, 'Dockerfile'),
      contextDir: folder,
      showProgress: false,
      output: { kind: 'load', tags: [tag] },
      ...(target && { target }),
    });
  await build(image);
  await build(shellLess, 'none');
}, 120_000);

afterAll(async () => {
  await engine.removeImage(image);
  await engine.removeImage(shellLess);
  await rm(folder, { recursive: true, force: true });
});

/** The real engine behind a client that loses what `filter` takes away of its first `times` runs. */
async function losing(
  filter: string,
  times: number,
): Promise<{ lossy: Engine; runs(): Promise<number> }> {
  const counted = join(folder, randomUUID());
  const client = `${counted}.sh`;
  const real = `"${engine.docker}" "$@"`;
  await writeFile(
    client,
    `#!/bin/sh\necho run >> "${counted}"\nif [ "$(wc -l < "${counted}")" -gt ${times} ]; then exec ${real}; fi\nout=$(mktemp); err=$(mktemp)\n${real} >"$out" 2>"$err"; s=$?\n${filter}\nrm "$out" "$err"; exit $s\n`,
  );
  await chmod(client, 0o755);
  const lines = async () => (await readFile(counted, 'utf8')).split('\n').length - 1;
  return { lossy: new Engine({ ...engine, docker: client, env: engine.env }), runs: lines };
}

const ask = (each: Engine, status = '0') => {
  const [entrypoint = '', ...command] = [...PROGRAM, status];
  return each.run({ image, entrypoint, command, isQuestion: true });
};

const LOSSES: [string, string][] = [
  ['all that was printed', ':'],
  ['what went to standard output', 'cat "$err" >&2'],
  ['what went to standard error', 'cat "$out"'],
  ['the end of it', 'head -c 3 "$out"; cat "$err" >&2'],
];

test.each(LOSSES)(
  'an answer of which the engine loses %s is asked for again',
  async (_, filter) => {
    const { lossy, runs } = await losing(filter, 1);
    expect(await ask(lossy)).toEqual({ exitCode: 0, stdout: 'said\n', stderr: 'to a person\n' });
    expect(await runs()).toBe(2);
  },
);

test('where a part is lost each time, nobody is told that it is nothing', async () => {
  const { lossy } = await losing('cat "$err" >&2', 99);
  await expect(ask(lossy)).rejects.toMatchObject({ code: 'OUTPUT_LOST' });
});

test('a status is kept, and what is printed with it is whole', async () => {
  const { lossy, runs } = await losing(':', 1);
  expect(await ask(lossy, '7')).toEqual({ exitCode: 7, stdout: 'said\n', stderr: 'to a person\n' });
  expect(await runs()).toBe(2);
});

test('a program that prints nothing has said nothing', async () => {
  const { lossy, runs } = await losing(':', 0);
  const said = await lossy.run({ image, entrypoint: 'true', isQuestion: true });
  expect(said).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  expect(await runs()).toBe(1);
});

test('without a shell an empty answer is not believed, and another one is', async () => {
  const echo = (each: Engine, words: string[]) =>
    each.run({ image: shellLess, entrypoint: 'echo', command: words, isQuestion: true });
  expect(await echo(engine, ['one', 'two'])).toMatchObject({ exitCode: 0, stdout: 'one two\n' });
  await expect(echo(engine, ['-n'])).rejects.toMatchObject({ code: 'OUTPUT_LOST' });
});

test('a service that does not run is no lost output, and is asked once', async () => {
  const file = join(folder, 'compose.yaml');
  await writeFile(file, `name: answer-${randomUUID()}\nservices:\n  a:\n    image: ${image}\n`);
  const said = await engine.compose({ files: [file] }).exec('a', PROGRAM, { isQuestion: true });
  expect(said.exitCode).not.toBe(0);
  expect(said.stderr).toContain('not running');
});

test('each line of many containers that end at once comes back', async () => {
  const numbers = Array.from({ length: 16 }, (_, at) => at);
  const said: string[] = [];
  const worker = async () => {
    for (let each = numbers.pop(); each !== undefined; each = numbers.pop()) {
      const { stdout, stderr } = await engine.run({
        image,
        entrypoint: 'sh',
        isQuestion: true,
        command: ['-c', `echo out ${each}; echo err ${each} >&2`],
      });
      said.push(`${stdout}${stderr}`);
    }
  };
  await Promise.all(Array.from({ length: 6 }, worker));
  const expected = Array.from({ length: 16 }, (_, at) => `out ${at}\nerr ${at}\n`);
  expect(said.sort()).toEqual(expected.sort());
});
