import { $ } from 'zx/core';

/**
 * Runs a system program (never docker: libs/engine does that) to its end; what stands in `${}` is one
 * word, an array several. Throws where the exit status is not 0.
 */
export const shell = $({ stdio: ['ignore', 'pipe', 'pipe'] });

/** The same, where another exit status is the caller's to judge. */
export const tried = shell({ nothrow: true });
