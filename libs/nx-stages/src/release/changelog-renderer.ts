import { createProjectGraphAsync, workspaceRoot } from '@nx/devkit';
import DefaultChangelogRenderer from 'nx/release/changelog-renderer';
import { readReleased } from './released';

/** Nx's own change log, and below it what the images of the version are. */
export default class ImageChangelogRenderer extends DefaultChangelogRenderer {
  override async render(): Promise<string> {
    const text = await super.render();
    const images = await this.images();
    if (text === '' || images.length === 0) return text;
    const lines = images.map(
      ({ repository, version, digest }) =>
        `- \`${repository}:${version}${digest === undefined ? '' : `@${digest}`}\``,
    );
    return `${text.trimEnd()}\n\n### 🐳 Images\n\n${lines.join('\n')}`;
  }

  private async images() {
    const { nodes } = await createProjectGraphAsync();
    const projects = this.project === null ? Object.keys(nodes) : [this.project];
    const version = this.changelogEntryVersion;
    return projects
      .sort()
      .flatMap((name) => readReleased(workspaceRoot, nodes[name]?.data.root ?? '', version));
  }
}
