import { bytesText } from '@excel2doc/oci';
import { type Finding } from '@excel2doc/stages';
import { dependencyFindings } from './dependencies';
import type { Facts } from './facts';
import { stagesOf } from './stages-of';

const LARGE_CONTEXT = 100 * 2 ** 20;
/** What makes builds slow: in the Dockerfile, the context, the last plans and the last builds. */
export function building({
  dockerfile,
  hasDockerignore,
  contextBytes,
  planProblems,
  lastBuilds,
}: Pick<
  Facts,
  'dockerfile' | 'hasDockerignore' | 'contextBytes' | 'planProblems' | 'lastBuilds'
>): Finding[] {
  const found: Finding[] = planProblems.map(({ stage, kind, reason, line }) => ({
    id: 'cache-never-hits',
    severity: 'warning',
    what:
      kind === 'uncacheable'
        ? { en: `Stage ${stage} can never come from the cache`, zh: `阶段 ${stage} 无法命中缓存` }
        : {
            en: `Stage ${stage} is built anew after any change in the context`,
            zh: `上下文任何变化都会使阶段 ${stage} 重新构建`,
          },
    seen: line === undefined ? reason : `line ${line}: ${reason}`,
    fix: {
      en: 'Lock the base image (docker-lock), copy by name what the stage needs, or leave files out in .dockerignore',
      zh: '锁定基础镜像（docker-lock），只复制该阶段需要的文件，或在 .dockerignore 中排除无关文件',
    },
  }));
  if (!hasDockerignore && contextBytes > LARGE_CONTEXT) {
    found.push({
      id: 'context-large',
      severity: 'warning',
      what: {
        en: 'The build context is large and nothing is left out',
        zh: '构建上下文过大且没有 .dockerignore',
      },
      seen: bytesText(contextBytes),
      fix: { en: 'Write a .dockerignore', zh: '添加 .dockerignore' },
    });
  }
  if (!dockerfile) return found;
  return [...found, ...dependencyFindings(stagesOf(dockerfile), lastBuilds)];
}
