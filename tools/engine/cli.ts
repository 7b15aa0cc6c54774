import { EngineError, locateEngine } from '@excel2doc/engine';
import { ensureEmulation } from './emulation';
import {
  ensureEngine,
  privateEngineState,
  removePrivateEngine,
  stopPrivateEngine,
} from './private-engine';

const log = (line: string) => console.error(line);

const commands: Record<string, (argument: string) => Promise<void>> = {
  async start() {
    const engine = await ensureEngine({ log });
    console.log(`${engine.kind} engine: Docker ${engine.serverVersion}`);
  },
  async stop() {
    console.log(
      (await stopPrivateEngine({ log })) ? 'Private engine stopped' : 'No private engine runs',
    );
  },
  async status() {
    const state = await privateEngineState();
    console.log(JSON.stringify(state, null, 2));
    console.log(JSON.stringify(await locateEngine(), null, 2));
  },
  /** `emulate arm64`: RUN steps of that architecture work until the next reboot. */
  async emulate(architecture) {
    const isNew = await ensureEmulation(architecture, { log });
    console.log(`${architecture} is emulated${isNew ? '' : ' already'}`);
  },
  async remove() {
    await removePrivateEngine({ log });
    console.log('Private engine removed');
  },
};

async function main(name = '', argument = ''): Promise<void> {
  const command = commands[name];
  if (!command) {
    console.error(`Usage: npx tsx tools/engine/cli.ts ${Object.keys(commands).join('|')}`);
    process.exitCode = 2;
    return;
  }
  try {
    await command(argument);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    console.error(`${error.message}\n${error.hint}`);
    process.exitCode = 1;
  }
}

void main(process.argv[2], process.argv[3]);
