const LONGEST_TAG = 128;

/** `feature/login` as a tag is `feature-login`; empty where nothing of it may stand in one. */
export function validTag(text: string): string {
  return text
    .replaceAll(/[^\w.-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, LONGEST_TAG);
}

/** A project's name as it may stand in a repository's: `gradle:app` is `gradle-app`, `Web_UI` `web_ui`. */
export function validRepository(projectName: string): string {
  return (
    projectName
      .replace(/^@/, '')
      .toLowerCase()
      // In other letters than Latin it becomes dashes.
      .replaceAll(/[^a-z0-9._/-]+/g, '-')
      // Between letters stand one dot, one or two underscores, or any number of dashes.
      .replaceAll(/[._-]{2,}/g, (run) => (run === '__' || /^-+$/.test(run) ? run : '-'))
      .split('/')
      .map((part) => part.replace(/^[._-]+|[._-]+$/g, ''))
      .filter(Boolean)
      .join('/')
  );
}
