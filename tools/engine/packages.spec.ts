import { describe, expect, it } from 'vitest';
import type { AptSource } from './apt-sources';
import { planPackages } from './packages';

const source = (suite: string): AptSource => ({
  uri: 'http://m.example',
  suite,
  components: ['main'],
});
const host = (id: 'debian' | 'ubuntu', codename: string) => ({ id, codename, asRoot: [] });

describe('planPackages', () => {
  it('takes Docker from trixie on bookworm, and what is tied to libc from bookworm', () => {
    const plan = planPackages(host('debian', 'bookworm'), [
      source('bookworm'),
      source('bookworm-security'),
    ]);
    expect(plan?.sources.map((each) => each.suite)).toEqual([
      ...['bookworm', 'bookworm-security', 'trixie', 'trixie-security'],
    ]);
    const pinned = /Package: (docker\.io .*)\nPin: release n=trixie\*\nPin-Priority: 900/.exec(
      plan?.preferences ?? '',
    );
    expect(pinned?.[1]).toContain('containerd');
    expect(pinned?.[1]).not.toContain('runc');
    expect(plan?.preferences).toContain('Package: *\nPin: release n=trixie*\nPin-Priority: 100');
    expect(plan?.packages).toContain('runc');
  });

  it('takes all from its own release on trixie', () => {
    const plan = planPackages(host('debian', 'trixie'), [source('trixie')]);
    expect(plan?.sources).toEqual([source('trixie')]);
    expect(plan?.preferences).toBe('');
  });

  it("takes all from Ubuntu's own updates on Ubuntu", () => {
    const plan = planPackages(host('ubuntu', 'noble'), [source('noble'), source('noble-updates')]);
    expect(plan?.packages).toContain('docker-compose-v2');
    expect(plan?.sources).toHaveLength(2);
  });

  it('has no plan where apt has no source of the own release', () => {
    expect(planPackages(host('debian', 'bookworm'), [source('nodistro')])).toBeUndefined();
  });
});
