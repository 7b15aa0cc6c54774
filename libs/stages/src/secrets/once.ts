const asked = new Map<string, Promise<Buffer>>();

/** What `ask` gives, asked once however many stages and platforms want it. A failure is not kept. */
export function oncePerRun(name: string, ask: () => Promise<Buffer>): Promise<Buffer> {
  const known = asked.get(name);
  if (known) return known;
  const answer = ask();
  asked.set(name, answer);
  answer.catch(() => asked.delete(name));
  return answer;
}
