import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StagePlanFile } from '@excel2doc/dockerfile';
import type { Engine } from '@excel2doc/engine';
import type { Facts, ForeignPlatform } from './facts';
import { type Builders, buildersFor, type Finding } from '@excel2doc/stages';

/** What a 64-bit engine runs by itself. */
const THIRTY_TWO_BIT: Record<string, string> = { 'linux/amd64': 'linux/386' };

/** For the platforms of the last plans; a stage that only copies needs nobody. */
export async function foreignPlatforms(
  engine: Engine,
  planFolder: string,
  builders?: Builders,
): Promise<ForeignPlatform[]> {
  const names = await readdir(planFolder).catch((): string[] => []);
  const wanted = new Set<string>();
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const text = await readFile(join(planFolder, name), 'utf8');
    for (const { platform, instructions } of (JSON.parse(text) as StagePlanFile).platforms) {
      if (instructions.some(({ keyword }) => keyword === 'RUN')) wanted.add(platform);
    }
  }
  wanted.delete(engine.platform);
  wanted.delete(THIRTY_TWO_BIT[engine.platform] ?? '');
  // What Podman emulates only a RUN tells.
  if (wanted.size === 0 || engine.kind === 'podman') return [];
  const { stdout } = await engine.buildxCommand(['inspect'], { allowFailure: true });
  const runs = /^Platforms:\s*(.*)$/m.exec(stdout)?.[1]?.split(/,\s*/) ?? [];
  return [...wanted].sort().map((platform): ForeignPlatform => {
    const by = buildersFor(builders, platform).join(', ');
    if (by) return { platform, how: 'builder', by };
    return { platform, how: runs.includes(platform) ? 'emulation' : 'nothing' };
  });
}

export function platforms({ foreignPlatforms }: Pick<Facts, 'foreignPlatforms'>): Finding[] {
  return foreignPlatforms.flatMap(({ platform, how }): Finding[] => {
    if (how === 'builder') return [];
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
          seen: `the engine runs ${platform} by qemu, and no builder is named for it`,
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
        seen: `no builder is named for ${platform}, and the engine does not emulate it`,
        fix: {
          en: `Register an emulator for ${architecture} (binfmt_misc and qemu-user-static), or name a native builder in nx.json: "builders"`,
          zh: `为 ${architecture} 注册模拟器（binfmt_misc 与 qemu-user-static），或在 nx.json 的 "builders" 中指定原生构建器`,
        },
      },
    ];
  });
}
