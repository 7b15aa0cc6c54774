import type { ChildResult, Engine } from '@excel2doc/engine';

/** Fetches a part of the corpus and runs its tests in the image of `backend:corpus-build`. */
export function runCorpus(
  engine: Engine,
  part: 'all' | 'small',
  output: 'show' | 'capture',
  signal?: AbortSignal,
): Promise<ChildResult> {
  const command = 'python -m tests.corpus.fetch /corpus "$0" && pytest -q tests/corpus';
  return engine.run({
    image: `excel2doc/backend-corpus:${process.env['NX_STAGES_TAG'] ?? 'dev'}`,
    command: ['sh', '-c', command, part],
    variables: { EXCEL2DOC_CORPUS: `/corpus/${part}`, HOME: '/tmp' },
    // What was fetched once is kept.
    mounts: ['type=volume,source=excel2doc-corpus,target=/corpus'],
    output,
    ...(signal && { signal }),
  });
}
