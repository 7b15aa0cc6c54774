import type { ExecutorContext } from '@nx/devkit';

/** What Nx gives an executor of a project `app`, in the folder of that name. */
export function executorContext(root: string): ExecutorContext {
  return {
    root,
    cwd: root,
    isVerbose: false,
    projectName: 'app',
    projectsConfigurations: { version: 2, projects: { app: { root: 'app' } } },
    nxJsonConfiguration: {},
    projectGraph: { nodes: {}, dependencies: {} },
  };
}
