import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { createInterface, type Interface } from 'node:readline';
import type { ChildResult } from '@excel2doc/engine';
import { StagesError } from '@excel2doc/stages';

/** Starts psql with these as its standard input and output. */
type Start = (streams: { input: PassThrough; sink: PassThrough }) => Promise<ChildResult>;

const MARK = 'nx-stages-end-of-statement';

/**
 * One psql that stays connected: what it holds (a snapshot, an advisory lock) lasts until `close`,
 * and goes with the connection when this process dies.
 */
export class Session {
  readonly #input = new PassThrough();
  readonly #lines: Interface;
  readonly #iterator: AsyncIterator<string>;
  readonly #ended: Promise<ChildResult>;

  constructor(start: Start) {
    const sink = new PassThrough();
    this.#lines = createInterface({ input: sink, crlfDelay: Infinity });
    this.#iterator = this.#lines[Symbol.asyncIterator]();
    this.#ended = start({ input: this.#input, sink });
    // It is looked at where a statement finds no answer; nobody may be waiting when it fails.
    this.#ended.catch(() => sink.end());
  }

  /**
   * The rows of `sql`, columns parted by `|`.
   *
   * @throws StagesError `DATABASE_FAILED` with what the server said; the session is then over.
   */
  async run(sql: string): Promise<string[]> {
    if (!this.#input.write(`${sql.trimEnd().replace(/;?$/, ';')}\n\\echo ${MARK}\n`))
      await once(this.#input, 'drain');
    const rows: string[] = [];
    for (;;) {
      const { done, value } = await this.#iterator.next();
      if (done) throw await this.#failure();
      if (value === MARK) return rows;
      rows.push(value);
    }
  }

  async close(): Promise<void> {
    this.#input.end();
    await this.#ended.catch(() => undefined);
    this.#lines.close();
  }

  async #failure(): Promise<unknown> {
    const { stderr } = await this.#ended;
    const said = stderr
      .split('\n')
      .filter((line) => /ERROR|FATAL|error:|no such|not running/.test(line));
    return new StagesError('DATABASE_FAILED', {
      message: `The database refused: ${said.join('; ') || stderr.trim() || 'the connection was closed'}`,
      hint: 'Look at the database: compose-ps and compose-logs',
    });
  }
}
