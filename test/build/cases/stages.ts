import type { BuildCase } from '../case.ts';

export const STAGE_CASES: readonly BuildCase[] = [
  {
    name: 'a stage on another has its files and settings',
    dockerfile:
      'FROM busybox AS one\nENV A=1\nWORKDIR /w\nRUN echo 1 > f\nFROM one\nRUN echo $A$(cat f) > g\n',
    tree: { '/w/g': '11\n' },
    config: { WorkingDir: '/w' },
  },
  {
    name: 'only what the target needs is built',
    dockerfile: 'FROM busybox AS broken\nRUN false\nFROM busybox AS good\nRUN echo ok > /o\nFROM broken\n',
    query: { target: 'good' },
    tree: { '/o': 'ok\n' },
  },
  {
    name: 'a target by number, whatever the case of names',
    dockerfile: 'FROM busybox AS One\nRUN echo 1 > /o\nFROM one AS two\nRUN echo 2 > /o\n',
    query: { target: 'ONE' },
    tree: { '/o': '1\n' },
  },
  {
    name: 'an unknown target',
    dockerfile: 'FROM busybox AS builder\n',
    query: { target: 'bulder' },
    fails: /target stage "bulder" could not be found.*builder/,
  },
  {
    name: 'a stage cannot copy from a later one',
    dockerfile: 'FROM busybox AS a\nCOPY --from=b /x /x\nFROM busybox AS b\n',
    query: { target: 'a' },
    fails: /needs to be defined before current stage/,
  },
  {
    name: 'a stage cannot copy from itself',
    dockerfile: 'FROM busybox AS a\nCOPY --from=a /x /x\n',
    fails: /circular dependency detected on stage: a/,
  },
  {
    name: 'ONBUILD runs in the image built on it, once',
    dockerfile:
      'FROM busybox AS base\nONBUILD RUN echo triggered >> /t\nFROM base AS mid\nRUN cat /t > /seen\nFROM mid\n',
    tree: { '/t': 'triggered\n', '/seen': 'triggered\n' },
  },
  {
    name: 'scratch is empty',
    dockerfile: 'FROM scratch\nCOPY a /\n',
    files: { a: 'A' },
    tree: { '/a': 'A', '/etc': null, '/dev': null },
  },
  {
    name: 'an empty image',
    dockerfile: 'FROM scratch\n',
    config: { WorkingDir: '/' },
  },
  {
    name: 'six concurrent stages are combined',
    dockerfile: `${[1, 2, 3, 4, 5, 6].map((n) => `FROM busybox AS s${n}\nRUN echo ${n} > /f\n`).join('')}FROM scratch\n${[1, 2, 3, 4, 5, 6].map((n) => `COPY --from=s${n} /f /f${n}\n`).join('')}`,
    tree: { '/f1': '1\n', '/f6': '6\n' },
  },
  {
    name: 'a base image that does not exist',
    dockerfile: 'FROM 127.0.0.1:9/none\n',
    fails: /Dockerfile:1:1: .*127\.0\.0\.1:9/,
  },
  {
    name: 'a Dockerfile without FROM',
    dockerfile: 'RUN true\n',
    fails: /no build stage in current context/,
  },
  {
    name: 'an empty Dockerfile',
    dockerfile: '# nothing\n',
    fails: /no instructions/,
  },
  {
    name: 'a missing Dockerfile',
    dockerfile: 'FROM scratch\n',
    query: { dockerfile: 'Other' },
    fails: /open Other: no such file/,
  },
  {
    name: 'FROM with a platform of this machine',
    dockerfile: 'FROM --platform=$BUILDPLATFORM busybox\nRUN echo ok > /o\n',
    tree: { '/o': 'ok\n' },
  },
  {
    name: 'a named context with an image replaces that of FROM',
    dockerfile: 'FROM golang:1 AS b\nRUN echo here > /o\n',
    query: { contexts: '{"golang:1":"docker-image://busybox"}' },
    tree: { '/o': 'here\n' },
  },
  {
    name: 'RUN for an unsupported architecture',
    dockerfile: 'FROM scratch AS s\nCOPY . /x\nFROM scratch\nCOPY --from=s /x /\nRUN ["/a"]\n',
    query: { platform: 'linux/s390x' },
    files: { a: 'A' },
    fails: /RUN needs s390x programs/,
  },
  {
    name: 'copying files for another platform needs no emulator',
    dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY a /\nLABEL arch=$TARGETARCH\n',
    query: { platform: 'linux/s390x' },
    files: { a: 'A' },
    config: { Labels: { arch: 's390x' } },
  },
  {
    name: 'BuildKit’s outputs are rejected with a message',
    dockerfile: 'FROM scratch\n',
    query: { outputs: '[{"Type":"local"}]' },
    fails: /outputs= is not supported/,
  },
  {
    name: 'squash is rejected with a message',
    dockerfile: 'FROM scratch\n',
    query: { squash: '1' },
    fails: /squash is not supported/,
  },
  {
    name: 'an invalid tag is rejected before the build',
    dockerfile: 'FROM busybox\nRUN false\n',
    query: { t: 'Bad:Tag' },
    fails: /must be lowercase|invalid reference/,
  },
];
