import { expect, test } from 'vitest';
import { UNKNOWN, parseHcl } from './hcl';

const target = (body: string) =>
  parseHcl(`variable "A" { default = "a" }\ntarget "t" {\n${body}\ncontext = "."\n}\n`).at(-1)!
    .attributes;

test.each<[string, string, unknown]>([
  ['a heredoc', 'x = <<EOT\nFROM a\n  RUN }"x\nEOT', 'FROM a\n  RUN }"x\n'],
  ['one that is indented', 'x = <<-EOT\n    FROM a\n      RUN b\n    EOT', 'FROM a\n  RUN b\n'],
  ['one with a template', 'x = <<EOT\nFROM ${A}\nEOT', UNKNOWN],
  ['a template in a template', 'x = "${A != "" ? "${A}/" : ""}b"', UNKNOWN],
  ['a function', 'x = upper("x")', UNKNOWN],
  ['a for in a list', 'x = [for each in ["a"] : "${each}"]', [UNKNOWN]],
  ['a map with a key that is computed', 'x = { (A) = "1" }', UNKNOWN],
  ['a quote that is escaped', 'x = "a \\"b\\" }"', 'a "b" }'],
  ['a template that is escaped', 'x = "$${A}"', '${A}'],
  ['a variable', 'x = "${A}-b"', 'a-b'],
])('%s is read, or unknown for its own attribute alone', (_what, body, expected) => {
  expect(target(body)).toEqual({ x: expected, context: '.' });
});

test.each([
  ['target "t" {\n  context = [\n}\n', /line \d/],
  ['target "t" {\n  context = "a"\n', /ends in the middle of a block/],
])('what is no HCL is an error: %j', (text, message) => {
  expect(() => parseHcl(text)).toThrow(message);
});
