import type { ExecutorContext } from '@nx/devkit';
import { Repository } from '@excel2doc/oci';
import {
  description,
  imageTags,
  namedTags,
  pushStage,
  readFacts,
  unplaced,
} from '@excel2doc/stages';
import { type PushOptions, repositoryOf } from '../../release/images';
import { refuseNames } from '../docker-plan/refuse-names';
import { described } from '../described';
import { dockerProject } from '../project';
import { report, sayLine } from '../report';
import { sayPushed } from './say-pushed';

/** A stage's image in a registry, under the tags that docker-build gives it in the engine. */
export default function dockerPush(given: PushOptions, context: ExecutorContext) {
  return report(async () => {
    refuseNames(context);
    const options = described(given, context);
    const repository = new Repository(repositoryOf(options));
    try {
      const project = dockerProject(options, context);
      const facts = await readFacts(project, options);
      const said = description(options, facts);
      [...namedTags(options, facts).notes, ...said.notes].forEach(sayLine);
      unplaced(said, project.platforms).forEach(sayLine);
      const pushed = await pushStage({
        project,
        stage: options.stage,
        name: options.image,
        repository,
        tags: (of) => imageTags(options, facts, of).tags,
        sbom: options.sbom ?? true,
        said,
      });
      sayPushed(repository, pushed);
    } finally {
      await repository.close();
    }
  });
}
