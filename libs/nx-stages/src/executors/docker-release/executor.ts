import type { ExecutorContext } from '@nx/devkit';
import { Repository } from '@excel2doc/oci';
import { description, imageTags, pushStage, readFacts, StagesError } from '@excel2doc/stages';
import { imagesOf } from '../../release/images';
import { readReleased } from '../../release/released';
import { refuseNames } from '../docker-plan/refuse-names';
import { described } from '../described';
import { dockerProject, projectOf } from '../project';
import { sayPushed } from '../docker-push/say-pushed';
import { report, sayLine } from '../report';
import { versionToRelease, type VersionData } from './version';

interface Options {
  dryRun?: boolean;
  nxReleaseVersionData?: VersionData;
}

/** What `nx release publish` runs: the project's images in their registry, as the version that it got. */
export default function dockerRelease(given: Options, context: ExecutorContext) {
  return report(async () => {
    refuseNames(context);
    const { root, name, folder } = projectOf(context);
    const version = await versionToRelease(root, name, given.nxReleaseVersionData);
    if ('none' in version) return sayLine(`${name}: ${version.none}; nothing is pushed`);
    const targets = context.projectsConfigurations.projects[name]?.targets ?? {};
    const known = readReleased(root, folder, version.value);
    for (const { target, options, repository: place } of imagesOf(targets)) {
      const own = described(options, context, target);
      if (given.dryRun || process.env['NX_DRY_RUN'] === 'true') {
        sayLine(`${place}:${version.value} would be pushed, but for --dry-run`);
        continue;
      }
      const project = dockerProject(own, context);
      const written = known.find(({ repository }) => repository === place)?.digest;
      const naming = { tags: own.tags, tag: version.value, skipDefaultTag: true };
      const facts = await readFacts(project, { ...own, ...naming }, version.value);
      const said = description(own, facts);
      said.notes.forEach(sayLine);
      const repository = new Repository(place);
      try {
        const pushed = await pushStage({
          project,
          stage: own.stage,
          name: own.image,
          repository,
          tags: (digest) => {
            refuseOther(written, digest, `${place}:${version.value}`);
            return imageTags(naming, facts, digest).tags;
          },
          sbom: own.sbom ?? true,
          said,
        });
        sayPushed(repository, pushed);
      } finally {
        await repository.close();
      }
    }
  });
}

/** Before a tag is set. @throws StagesError `FILE_CHANGED` */
function refuseOther(said: string | undefined, digest: string, name: string): void {
  if (said === undefined || said === digest) return;
  throw new StagesError('FILE_CHANGED', {
    message: `${name} is ${digest} now, and the change log says ${said}`,
    hint: 'Something that the image is made of changed since `nx release version`: release it anew',
  });
}
