/** A generator's refusal, for people: what is wrong and where, and what to do next, in one line. */
export class GeneratorError extends Error {
  constructor(what: string, next: string) {
    super(`${what}. ${next}.`);
    this.name = 'GeneratorError';
    // Nx prints the stack where there is one; a refusal has nothing to trace.
    this.stack = this.message;
  }
}
