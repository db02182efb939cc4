import type { BuildCase } from '../case.ts';

/** Writes a text into a label, which the builder expands and not a shell. */
const expands = (
  name: string,
  lines: string,
  value: string,
  query: Record<string, string> = {},
): BuildCase => ({
  name,
  dockerfile: `FROM scratch\n${lines}\n`,
  config: { Labels: { v: value } },
  query,
});

export const VARIABLE_CASES: readonly BuildCase[] = [
  expands('${X:-default} for what is unset or empty', 'ARG E=\nLABEL v=${X:-d}${E:-e}', 'de'),
  expands('${X-default} for what is unset', 'ARG E=\nLABEL v=${X-d}${E-e}.', 'd.'),
  expands('${X:+other} for what is set and not empty', 'ARG A=1 E=\nLABEL v=${A:+a}${E:+e}${X:+x}.', 'a.'),
  expands('${X+other} for what is set', 'ARG A=1 E=\nLABEL v=${A+a}${E+e}${X+x}.', 'ae.'),
  expands('${X#short} and ${X##long} from the front', 'ARG A=a/b/c\nLABEL v=${A#*/}-${A##*/}', 'b/c-c'),
  expands('${X%short} and ${X%%long} from the end', 'ARG A=a/b/c\nLABEL v=${A%/*}-${A%%/*}', 'a/b-a'),
  expands('${X/one/other} and ${X//all/others}', 'ARG A=xaxa\nLABEL v=${A/x/y}-${A//x/y}', 'yaxa-yaya'),
  expands('nested words', 'ARG A=1\nLABEL v=${X:-${A:+in}$A}', 'in1'),
  expands('quotes preserve spaces, single ones also dollars', 'ARG A=1\nLABEL v="$A x"\' $A\'', '1 x $A'),
  expands('an escaped dollar', 'ARG A=1\nLABEL v=\\$A"\\$A"', '$A$A'),
  expands('--build-arg wins over the default', 'ARG A=1\nLABEL v=$A', '2', { buildargs: '{"A":"2"}' }),
  expands('null in build arguments keeps the default', 'ARG A=1\nLABEL v=$A', '1', {
    buildargs: '{"A":null}',
  }),
  expands('ENV wins over ARG', 'ARG A=1\nENV A=2\nLABEL v=$A', '2', { buildargs: '{"A":"3"}' }),
  expands('an ARG is unset before its line', 'LABEL v=.$A\nARG A=1', '.'),
  expands('TARGETPLATFORM where it is declared', 'ARG TARGETOS\nLABEL v=$TARGETOS-$TARGETARCH', 'linux-'),
  {
    name: '${X:?message} fails the build with the message',
    dockerfile: 'FROM scratch\nLABEL v=${X:?needs a value}\n',
    fails: /needs a value/,
  },
  {
    name: 'ARGs above FROM apply to FROM, and to stages that declare them again',
    dockerfile: 'ARG BASE=busybox\nARG G=7\nFROM $BASE\nARG G\nARG N=$G-8\nRUN echo "[$G][$N]$BASE" > /o\n',
    tree: { '/o': '[7][7-8]\n' },
  },
  {
    name: 'ARGs are in the environment of RUN and not of the image',
    dockerfile: 'FROM busybox\nARG A=1\nRUN echo $A > /o\nFROM busybox\nRUN echo "<$A>" > /p\n',
    query: { target: '0' },
    tree: { '/o': '1\n' },
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
  },
  {
    name: 'proxies reach RUN without an ARG, but no layer',
    dockerfile: 'FROM busybox\nRUN echo $HTTP_PROXY$http_proxy > /o\n',
    query: { buildargs: '{"HTTP_PROXY":"http://p:1"}' },
    tree: { '/o': 'http://p:1http://p:1\n' },
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
  },
  {
    name: 'an unused build argument is reported',
    dockerfile: 'FROM scratch\nLABEL a=b\n',
    query: { buildargs: '{"NOBODY":"1"}' },
    says: /build-args \[NOBODY\] were not consumed/,
  },
  {
    name: 'RUN sees ENV at once, and the shell expands it',
    dockerfile: 'FROM busybox\nENV A="b c"\nRUN printf "%s|" "$A" $A > /o\n',
    tree: { '/o': 'b c|b|c|' },
  },
  {
    name: 'SOURCE_DATE_EPOCH is the time of the image',
    dockerfile: 'FROM scratch\nLABEL a=b\n',
    query: { buildargs: '{"SOURCE_DATE_EPOCH":"1000000000"}' },
    config: { Labels: { a: 'b' } },
  },
  {
    name: 'SOURCE_DATE_EPOCH that is not a number',
    dockerfile: 'FROM scratch\nLABEL a=b\n',
    query: { buildargs: '{"SOURCE_DATE_EPOCH":"today"}' },
    fails: /invalid SOURCE_DATE_EPOCH: today/,
  },
];
