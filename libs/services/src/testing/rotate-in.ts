/** Rotates a secret in a process of its own: for a test that kills it. */
import { rotateSecret, type RotateOptions } from '../rotate/secret';

const { options, root } = JSON.parse(process.argv[2] ?? '') as {
  options: RotateOptions;
  root: string;
};

void rotateSecret(options, { root }, (line) => void process.stdout.write(`step: ${line}\n`));
