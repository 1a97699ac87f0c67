// Which strings are versions, and which of two is newer.
import { describe, expect, it } from 'vitest';
import { compareVersions, isVersion, versionsOffered } from '../../../src/agent/update/version.ts';

describe('versions', () => {
  // From the specification of SemVer, §11.
  const ORDER = ['1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11'];
  const SORTED = [...ORDER, '1.0.0-rc.1', '1.0.0', '1.9.0', '1.10.0', '2.0.0'];

  it('are ordered as SemVer orders them', () => {
    for (const [at, version] of SORTED.entries()) {
      for (const [other, against] of SORTED.entries()) {
        expect(Math.sign(compareVersions(version, against)), `${version} ${against}`).toBe(Math.sign(at - other));
      }
    }
  });

  it.each(['', '1', '1.2', '1.2.3.4', 'v1.2.3', '1.2.3-', '1.2.3-a..b', '../1.2.3', '1.2.3/..', '1.2.3\n'])(
    'are not %j',
    (text) => {
      expect(isVersion(text)).toBe(false);
    },
  );

  it('are read from the names of archives, newest first, for one architecture', () => {
    const names = [
      'status-panel-1.2.0-linux-x64.tar.gz',
      'status-panel-1.10.0-linux-x64.tar.gz',
      'status-panel-2.0.0-linux-arm64.tar.gz',
      'status-panel-..-linux-x64.tar.gz',
      'other-3.0.0-linux-x64.tar.gz',
    ];
    expect(versionsOffered(names, 'x64')).toEqual(['1.10.0', '1.2.0']);
  });
});
