import { z } from 'zod';
import { isHash } from './entry-key';

const text = z.string().min(1).max(256);

/** What an edge reports of a run: which task each hash it uploaded was of, and how long it took. */
export const runReportSchema = z.object({
  tasks: z
    .array(
      z.object({
        hash: z.string().refine(isHash),
        project: text,
        target: text,
        durationMs: z
          .number()
          .nonnegative()
          .max(7 * 24 * 3600 * 1000),
      }),
    )
    .max(10_000),
});

export type RunReport = z.output<typeof runReportSchema>;
