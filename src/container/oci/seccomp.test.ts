import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { OciSeccomp } from '../../api/oci-runtime.ts';
import { customSeccomp, defaultSeccomp, resolveProfile, type SeccompTarget } from './seccomp.ts';
import { DEFAULT_PROFILE, type SeccompProfile } from './seccomp-profile.ts';

const REFERENCE = join(import.meta.dirname, '../../../../shared/reference/seccomp/docker-default.json');

const AMD64 = { seccomp: 'SCMP_ARCH_X86_64', go: 'amd64' };

/** Libseccomp's and Go's names of every architecture that either profile mentions. */
const ARCHITECTURES = [
  AMD64,
  { seccomp: 'SCMP_ARCH_X86', go: 'x86' },
  { seccomp: 'SCMP_ARCH_X32', go: 'x32' },
  { seccomp: 'SCMP_ARCH_AARCH64', go: 'arm64' },
  { seccomp: 'SCMP_ARCH_ARM', go: 'arm' },
  { seccomp: 'SCMP_ARCH_MIPS64', go: 'mips64' },
  { seccomp: 'SCMP_ARCH_MIPS64N32', go: 'mips64n32' },
  { seccomp: 'SCMP_ARCH_MIPSEL64', go: 'mipsel64' },
  { seccomp: 'SCMP_ARCH_MIPSEL64N32', go: 'mipsel64n32' },
  { seccomp: 'SCMP_ARCH_PPC64LE', go: 'ppc64le' },
  { seccomp: 'SCMP_ARCH_S390', go: 's390' },
  { seccomp: 'SCMP_ARCH_S390X', go: 's390x' },
  { seccomp: 'SCMP_ARCH_RISCV64', go: 'riscv64' },
  { seccomp: 'SCMP_ARCH_LOONGARCH64', go: 'loong64' },
];

const DEFAULT_CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

const target = (capabilities: readonly string[], change: Partial<SeccompTarget> = {}): SeccompTarget => ({
  capabilities,
  architecture: AMD64,
  kernel: '6.1.0-18-amd64',
  ...change,
});

/** What a rule set comes to: for each call its outcomes with the conditions of each, in no order. */
function effect(rules: OciSeccomp): Map<string, string[]> {
  const outcomes = new Map<string, Set<string>>();
  for (const { names, action, errnoRet, args } of rules.syscalls) {
    const outcome = JSON.stringify([action, errnoRet ?? null, args ?? []]);
    for (const name of names) outcomes.set(name, (outcomes.get(name) ?? new Set()).add(outcome));
  }
  const sorted = [...outcomes].map(([name, set]) => [name, [...set].sort()] as const);
  return new Map(sorted.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function comparable(profile: SeccompProfile, at: SeccompTarget) {
  const rules = resolveProfile(profile, at);
  return { ...rules, architectures: rules.architectures?.toSorted(), syscalls: effect(rules) };
}

/** Each condition names one capability, so single ones, pairs and their complements show every interplay. */
function capabilitySets(profile: SeccompProfile): string[][] {
  const named = (profile.syscalls ?? []).flatMap(({ includes, excludes }) => [
    ...(includes?.caps ?? []),
    ...(excludes?.caps ?? []),
  ]);
  const all = [...new Set(named)];
  const pairs = all.flatMap((a, i) => all.slice(i).map((b) => [...new Set([a, b])]));
  return [[], DEFAULT_CAPABILITIES, ...pairs, ...all.map((cap) => all.filter((other) => other !== cap)), all];
}

describe('the default profile', () => {
  test("has the effect of Docker's, whatever the capabilities, the architecture and the kernel", {
    skip: !existsSync(REFERENCE),
  }, () => {
    const reference: SeccompProfile = JSON.parse(readFileSync(REFERENCE, 'utf8'));
    const sets = capabilitySets(reference);
    assert.ok(sets.length > 90);
    for (const kernel of ['3.10.0', '4.7.10', '4.8.0', '6.18.1+deb']) {
      for (const architecture of ARCHITECTURES) {
        for (const capabilities of sets) {
          const at = { capabilities, architecture, kernel };
          assert.deepEqual(comparable(DEFAULT_PROFILE, at), comparable(reference, at), JSON.stringify(at));
        }
      }
    }
  });

  const names = (at: SeccompTarget) => effect(resolveProfile(DEFAULT_PROFILE, at));

  test('refuses by default what reaches beyond a container', () => {
    const allowed = names(target(DEFAULT_CAPABILITIES));
    const refused = ['unshare', 'setns', 'mount', 'umount2', 'pivot_root', 'fsopen', 'keyctl', 'add_key'];
    const more = ['request_key', 'pidfd_getfd', 'syslog', 'reboot', 'mbind', 'bpf', 'io_uring_setup'];
    const rest = [
      'kexec_load',
      'userfaultfd',
      'init_module',
      'swapon',
      'open_by_handle_at',
      'acct',
      'ioperm',
    ];
    for (const name of [...refused, ...more, ...rest]) assert.equal(allowed.get(name), undefined, name);
  });

  test('gives each capability its calls, and no other', () => {
    const plain = names(target([]));
    assert.equal(plain.has('chroot'), false);
    assert.deepEqual(
      [...names(target(['CAP_SYS_CHROOT'])).keys()].filter((name) => !plain.has(name)),
      ['chroot'],
    );
    assert.ok(names(target(['CAP_SYS_ADMIN'])).has('mount'));
    assert.deepEqual(names(target(['CAP_SYS_ADMIN'])).get('clone'), ['["SCMP_ACT_ALLOW",null,[]]']);
    assert.deepEqual(plain.get('clone3'), ['["SCMP_ACT_ERRNO",38,[]]']);
  });

  test('takes the flags of clone from where the architecture has them', () => {
    const s390 = { seccomp: 'SCMP_ARCH_S390X', go: 's390x' };
    const indexes = (at: SeccompTarget) =>
      names(at)
        .get('clone')
        ?.map((outcome) => JSON.parse(outcome)[2][0].index);
    assert.deepEqual(indexes(target([])), [0]);
    assert.deepEqual(indexes(target([], { architecture: s390 })), [1]);
  });

  test('is one object for one set of capabilities, so that its compiled form is found again', () => {
    assert.equal(defaultSeccomp(['CAP_CHOWN']), defaultSeccomp(['CAP_CHOWN']));
    assert.notEqual(defaultSeccomp(['CAP_CHOWN']), defaultSeccomp([]));
    assert.ok(defaultSeccomp([]).syscalls.length > 10);
  });
});

describe('a profile that a client sends', () => {
  test('is resolved by its conditions', () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { name: 'chmod', action: 'SCMP_ACT_ERRNO', errnoRet: 5 },
        { names: ['mkdir'], action: 'SCMP_ACT_ERRNO', includes: { caps: ['CAP_CHOWN'] } },
        { names: ['rmdir'], action: 'SCMP_ACT_ERRNO', excludes: { minKernel: '2.6' } },
      ],
    };
    const { syscalls } = customSeccomp(JSON.stringify(profile), []);
    assert.deepEqual(syscalls, [{ names: ['chmod'], action: 'SCMP_ACT_ERRNO', errnoRet: 5 }]);
    assert.equal(customSeccomp(JSON.stringify(profile), ['CAP_CHOWN']).syscalls.length, 2);
  });

  for (const text of [
    '',
    '{',
    'null',
    '5',
    '[]',
    '{}',
    '{"defaultAction":7}',
    '{"defaultAction":"x","syscalls":5}',
  ]) {
    test(`is refused when it is ${text || 'empty'}`, () => {
      assert.throws(() => customSeccomp(text, []), /Decoding seccomp profile failed/);
    });
  }
});
