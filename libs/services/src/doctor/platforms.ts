import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StagePlan, StagePlanFile } from '@excel2doc/dockerfile';
import { type BuilderPlatforms, type Engine, reachOf } from '@excel2doc/engine';
import type { AskedBuilder, Facts, ForeignPlatform } from './facts';
import {
  type Builders,
  buildersFor,
  type Finding,
  hasRuns,
  runPlatform,
  saidOf,
} from '@excel2doc/stages';

/** What a 64-bit engine runs by itself. */
const THIRTY_TWO_BIT: Record<string, string> = { 'linux/amd64': 'linux/386' };

/** For the platforms of the last plans; a stage that only copies needs nobody. */
export async function foreignPlatforms(
  engine: Engine,
  planFolder: string,
  builders?: Builders,
): Promise<ForeignPlatform[]> {
  // What Podman emulates only a RUN tells.
  if (engine.kind === 'podman') return [];
  const own = [engine.platform, THIRTY_TWO_BIT[engine.platform]];
  const wanted = (await platformsOfRuns(planFolder)).filter(
    (platform) => buildersFor(builders, platform).length > 0 || !own.includes(platform),
  );
  const asking = new Map<string | undefined, Promise<BuilderPlatforms | undefined>>();
  const ask = (name?: string) => {
    const asked = asking.get(name) ?? engine.builderPlatforms(name);
    asking.set(name, asked);
    return asked;
  };
  return Promise.all(
    wanted.map(async (platform): Promise<ForeignPlatform> => {
      const names = buildersFor(builders, platform);
      if (names.length === 0) {
        const said = await ask();
        const isEmulated = said !== undefined && reachOf(said, platform) !== 'none';
        return { platform, how: isEmulated ? 'emulation' : 'nothing', builders: [] };
      }
      const asked = names.map(async (name) => ({ name, says: await ask(name) }));
      const all = await Promise.all(asked);
      return { platform, how: howBuilt(platform, all), builders: all };
    }),
  );
}

/** Those that RUN steps run on, which `FROM --platform` may set apart from those that are built for. */
async function platformsOfRuns(planFolder: string): Promise<string[]> {
  const names = await readdir(planFolder).catch((): string[] => []);
  const plans = new Map<string, StagePlan[]>();
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const text = await readFile(join(planFolder, name), 'utf8');
    const { stage, platforms } = JSON.parse(text) as StagePlanFile;
    plans.set(stage, platforms);
  }
  const running = [...plans.values()].flat().filter(hasRuns);
  const wanted = running.map((plan) =>
    runPlatform(plan, async (stage) =>
      plans.get(stage)?.find(({ platform }) => platform === plan.platform),
    ),
  );
  return [...new Set(await Promise.all(wanted))].sort();
}

function howBuilt(platform: string, builders: readonly AskedBuilder[]): ForeignPlatform['how'] {
  const reaches = builders.map(({ says }) => says && reachOf(says, platform));
  if (reaches.some((reach) => reach === undefined || reach === 'native')) return 'builder';
  return reaches.includes('emulated') ? 'emulation' : 'nothing';
}

export function platforms({ foreignPlatforms }: Pick<Facts, 'foreignPlatforms'>): Finding[] {
  return foreignPlatforms.flatMap(({ platform, how, builders }): Finding[] => {
    if (how === 'builder') return [];
    const said = builders.flatMap(({ name, says }) => (says ? saidOf(name, says) : [])).join('; ');
    const architecture = platform.split('/')[1];
    if (how === 'emulation') {
      return [
        {
          id: 'platform-emulated',
          severity: 'warning',
          what: {
            en: `RUN steps for ${platform} are emulated, ten times slower`,
            zh: `${platform} 的 RUN 步骤以模拟方式运行，速度约慢十倍`,
          },
          seen: said || `the engine runs ${platform} by qemu, and no builder is named for it`,
          fix: {
            en: 'Name a native builder in nx.json: "builders": { "PLATFORM": "NAME" } (docker buildx create)',
            zh: '在 nx.json 中指定原生构建器："builders": { "平台": "名称" }（docker buildx create）',
          },
        },
      ];
    }
    return [
      {
        id: 'platform-cannot-run',
        severity: 'error',
        what: {
          en: `RUN steps for ${platform} cannot be run here`,
          zh: `本机无法运行 ${platform} 的 RUN 步骤`,
        },
        seen: said || `no builder is named for ${platform}, and the engine does not emulate it`,
        fix: {
          en: `Register an emulator for ${architecture} (binfmt_misc and qemu-user-static), or name a native builder in nx.json: "builders"`,
          zh: `为 ${architecture} 注册模拟器（binfmt_misc 与 qemu-user-static），或在 nx.json 的 "builders" 中指定原生构建器`,
        },
      },
    ];
  });
}
