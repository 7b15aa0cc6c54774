import { debianProgram } from '@excel2doc/oci/testing/debian';

/** The library that gives a program another time, by LD_PRELOAD and FAKETIME. @see faketime(1) */
export function fakeTime(): string {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  return debianProgram('libfaketime', `usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`);
}
