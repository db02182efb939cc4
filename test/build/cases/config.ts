import type { BuildCase } from '../case.ts';

const FROM = 'FROM busybox\n';
const config = (
  name: string,
  lines: string,
  wanted: BuildCase['config'],
  more: Partial<BuildCase> = {},
): BuildCase => ({
  name,
  dockerfile: `${FROM}${lines}\n`,
  config: wanted ?? {},
  ...more,
});
const fails = (name: string, lines: string, message: RegExp): BuildCase => ({
  name,
  dockerfile: `${FROM}${lines}\n`,
  fails: message,
});
const SECOND = 1e9;

export const CONFIG_CASES: readonly BuildCase[] = [
  config('CMD and ENTRYPOINT as lists', 'ENTRYPOINT ["a"]\nCMD ["b", "c d"]', {
    Entrypoint: ['a'],
    Cmd: ['b', 'c d'],
  }),
  config('CMD as text is passed to the shell', 'CMD echo $HOME "x y"', {
    Cmd: ['/bin/sh', '-c', 'echo $HOME "x y"'],
  }),
  config('SHELL applies to later instructions', 'SHELL ["/bin/ash", "-c"]\nCMD x', {
    Shell: ['/bin/ash', '-c'],
    Cmd: ['/bin/ash', '-c', 'x'],
  }),
  config('ENTRYPOINT resets the CMD of the base image', 'ENTRYPOINT ["e"]', { Entrypoint: ['e'] }),
  config('an empty CMD', 'CMD []', { Cmd: [] }),
  config('ENV preserves the order, and later ones win', 'ENV A=1 B=2\nENV A=3', {
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'A=3', 'B=2'],
  }),
  config('ENV with quotes, spaces and escapes', 'ENV A="x y" B=\'$A\' C=a\\ b', {
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'A=x y', 'B=$A', 'C=a b'],
  }),
  config(
    'labels, of Dockerfile and request',
    'LABEL a=1 "b c"="d e"\nLABEL a=2',
    { Labels: { a: '2', 'b c': 'd e', r: 'q' } },
    {
      query: { labels: '{"r":"q"}' },
    },
  ),
  config('EXPOSE of ports, protocols and ranges', 'EXPOSE 80 53/udp 7000-7002/tcp', {
    ExposedPorts: { '80/tcp': {}, '53/udp': {}, '7000/tcp': {}, '7001/tcp': {}, '7002/tcp': {} },
  }),
  config('EXPOSE of a variable', 'ARG P=81\nEXPOSE $P', { ExposedPorts: { '81/tcp': {} } }),
  fails('EXPOSE of an invalid port', 'EXPOSE abc', /invalid containerPort: abc/),
  fails('EXPOSE of a port too high', 'EXPOSE 70000', /invalid containerPort/),
  config('VOLUME as list and words', 'VOLUME ["/a b"]\nVOLUME /c /d', {
    Volumes: { '/a b': {}, '/c': {}, '/d': {} },
  }),
  config('STOPSIGNAL by name', 'STOPSIGNAL SIGUSR1', { StopSignal: 'SIGUSR1' }),
  config('STOPSIGNAL by number', 'STOPSIGNAL 9', { StopSignal: '9' }),
  fails('STOPSIGNAL with an unknown signal', 'STOPSIGNAL SIGNOPE', /SIGNOPE/),
  config('USER with a variable', 'ENV U=nobody\nUSER $U:daemon', { User: 'nobody:daemon' }),
  config(
    'WORKDIR relative to the last',
    'WORKDIR /a\nWORKDIR b\nWORKDIR ../c',
    { WorkingDir: '/a/c' },
    {
      tree: { '/a': '755/ 0:0', '/a/b': '755/ 0:0', '/a/c': '755/ 0:0' },
    },
  ),
  config(
    'HEALTHCHECK with every option',
    'HEALTHCHECK --interval=5s --timeout=2s --start-period=1m --start-interval=3s --retries=4 CMD ["x"]',
    {
      Healthcheck: {
        Test: ['CMD', 'x'],
        Interval: 5 * SECOND,
        Timeout: 2 * SECOND,
        StartPeriod: 60 * SECOND,
        StartInterval: 3 * SECOND,
        Retries: 4,
      },
    },
  ),
  config('HEALTHCHECK by the shell', 'HEALTHCHECK CMD wget -q localhost', {
    Healthcheck: { Test: ['CMD-SHELL', 'wget -q localhost'] },
  }),
  config('HEALTHCHECK NONE', 'HEALTHCHECK CMD x\nHEALTHCHECK NONE', { Healthcheck: { Test: ['NONE'] } }),
  config('ONBUILD is stored', 'ONBUILD RUN echo x\nONBUILD COPY . /src', {
    OnBuild: ['RUN echo x', 'COPY . /src'],
  }),
  fails('ONBUILD of ONBUILD', 'ONBUILD ONBUILD RUN x', /ONBUILD/),
  config('MAINTAINER sets the author', 'MAINTAINER me', {}),
  fails('an unknown instruction', 'FETCH x', /unknown instruction: FETCH/i),
  fails('an unknown flag', 'COPY --form=x a b', /unknown flag: --form|--from/),
  config('lower case is accepted', 'env A=1\ncmd ["x"]', { Cmd: ['x'] }),
  config(
    'the escape directive',
    'CMD ["x"]',
    { Cmd: ['x'], WorkingDir: '/c' },
    {
      dockerfile: '# escape=`\nFROM busybox\nWORKDIR `\n  /c\nCMD ["x"]\n',
    },
  ),
  config('the history lists each instruction', 'ENV A=1\nRUN true\nCMD ["x"]', { Cmd: ['x'] }),
];
