/**
 * No cycle of imports inside a library or an application: neither of files nor of the folders in its
 * src, and `import type` counts. Part of every project's `lint`; ESLint's rules for cycles leave
 * imports of types out.
 *
 * @see docs/architecture.md
 */

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-file-cycle',
      comment: 'Move what both need into a file that both import.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-folder-cycle',
      comment: 'Folders import one way: move the file to the folder that it belongs to.',
      severity: 'error',
      scope: 'folder',
      // A library's src itself holds what all folders stand on, and its index.ts.
      from: { pathNot: '(^|/)src$' },
      to: { circular: true },
    },
    {
      name: 'engine-below-its-facade',
      comment:
        'engine.ts, podman.ts and what finds them stand on the folders, not the folders on them.',
      severity: 'error',
      from: { path: '^libs/engine/src/[^/]+/' },
      to: { path: '^libs/engine/src/[^/]+$' },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    // Nothing imports a spec, and a spec may look at its library from above.
    exclude: { path: '(^|/)(node_modules|dist|\\.venv)/|\\.(spec|e2e)\\.ts$' },
    tsPreCompilationDeps: true,
  },
};
