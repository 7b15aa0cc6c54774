/** What the client itself says of its failure, which is told in one line of our own. */
const CLIENTS_OWN = /^(?:docker: |Error: |(?:See|Run) 'docker run --help')/;

/** Passes on what a container says, less what its client does. */
export function throughStderr(text: string): void {
  const lines = text.split(/(?<=\n)/).filter((line) => !CLIENTS_OWN.test(line));
  if (lines.some((line) => line.trim() !== '') || lines.length === text.split(/(?<=\n)/).length)
    process.stderr.write(lines.join(''));
}
