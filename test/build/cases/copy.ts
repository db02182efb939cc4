import type { BuildCase } from '../case.ts';

const TWO = { a: 'A', b: 'B' };
const TREE = { 'src/one.txt': '1', 'src/two.md': '2', 'src/deep/three.txt': '3' };

export const COPY_CASES: readonly BuildCase[] = [
  {
    name: 'a file keeps its mode and becomes root’s',
    dockerfile: 'FROM scratch\nCOPY a run.sh /\n',
    files: { a: 'A', 'run.sh': { content: '#!', mode: 0o755 } },
    tree: { '/a': '644 0:0 A', '/run.sh': '755 0:0 #!' },
  },
  {
    name: 'a destination without a slash is the file’s new name',
    dockerfile: 'FROM scratch\nCOPY a /x/y\n',
    files: TWO,
    tree: { '/x': '755/ 0:0', '/x/y': '644 0:0 A', '/x/y/a': null },
  },
  {
    name: 'a destination with a slash is a directory',
    dockerfile: 'FROM scratch\nCOPY a /x/y/\n',
    files: TWO,
    tree: { '/x/y': '755/ 0:0', '/x/y/a': 'A' },
  },
  {
    name: 'a file is copied into a destination that is already a directory',
    dockerfile: 'FROM busybox\nCOPY a /tmp\n',
    files: TWO,
    tree: { '/tmp/a': 'A' },
  },
  {
    name: 'several files need a directory',
    dockerfile: 'FROM scratch\nCOPY a b /x\n',
    files: TWO,
    fails: /more than one source file, the destination must be a directory and end with a \//,
  },
  {
    name: 'a directory’s contents are copied, not the directory itself',
    dockerfile: 'FROM scratch\nCOPY src /out\n',
    files: TREE,
    tree: { '/out/one.txt': '1', '/out/deep/three.txt': '3', '/out/src': null },
  },
  {
    name: 'a relative destination is below WORKDIR',
    dockerfile: 'FROM scratch\nWORKDIR /app\nCOPY a sub/\nCOPY b .\n',
    files: TWO,
    tree: { '/app': '755/ 0:0', '/app/sub/a': 'A', '/app/b': 'B' },
  },
  {
    name: 'patterns match names within one directory',
    dockerfile: 'FROM scratch\nCOPY src/*.txt /out/\n',
    files: TREE,
    tree: { '/out/one.txt': '1', '/out/two.md': null, '/out/three.txt': null },
  },
  {
    name: '** matches across directories',
    dockerfile: 'FROM scratch\nCOPY --parents src/**/*.txt /out/\n',
    files: TREE,
    tree: { '/out/src/one.txt': '1', '/out/src/deep/three.txt': '3', '/out/src/two.md': null },
  },
  {
    name: 'a question mark and a class match one character',
    dockerfile: 'FROM scratch\nCOPY f?.txt [xy].md /o/\n',
    files: { 'f1.txt': '1', 'f22.txt': '22', 'x.md': 'x', 'z.md': 'z' },
    tree: { '/o/f1.txt': '1', '/o/f22.txt': null, '/o/x.md': 'x', '/o/z.md': null },
  },
  {
    name: '--parents preserves directories, starting at /./ if present',
    dockerfile:
      'FROM scratch\nCOPY --parents src/deep/three.txt /a/\nCOPY --parents src/./deep/three.txt /b/\n',
    files: TREE,
    tree: { '/a/src/deep/three.txt': '3', '/b/deep/three.txt': '3', '/b/src': null },
  },
  {
    name: '--exclude omits files',
    dockerfile: 'FROM scratch\nCOPY --exclude=*.md --exclude=deep src /o/\n',
    files: TREE,
    tree: { '/o/one.txt': '1', '/o/two.md': null, '/o/deep': null },
  },
  {
    name: '--chown accepts numbers without a lookup',
    dockerfile: 'FROM scratch\nCOPY --chown=7:8 src /o/\nCOPY --chown=9 src/one.txt /p/\n',
    files: TREE,
    tree: { '/o': '755/ 7:8', '/o/deep': '755/ 7:8', '/o/one.txt': '644 7:8 1', '/p/one.txt': '644 9:9 1' },
  },
  {
    name: '--chown looks up names in the image',
    dockerfile: 'FROM busybox\nCOPY --chown=nobody:daemon a /a\nCOPY --chown=daemon b /b\n',
    files: TWO,
    tree: { '/a': '644 65534:1 A', '/b': '644 1:1 B' },
  },
  {
    name: 'an unknown owner fails the build',
    dockerfile: 'FROM busybox\nCOPY --chown=nemo a /a\n',
    files: TWO,
    fails: /nemo/,
  },
  {
    name: '--chmod in octal and symbolic form',
    dockerfile: 'FROM scratch\nCOPY --chmod=751 a /a\nCOPY --chmod=u=rwX,go=r b /b\nCOPY --chmod=4755 a /s\n',
    files: TWO,
    tree: { '/a': '751 0:0 A', '/b': '644 0:0 B', '/s': '4755 0:0 A' },
  },
  {
    name: '--chmod may be a variable',
    dockerfile: 'FROM scratch\nARG MODE=0700\nCOPY --chmod=$MODE --chown=1:${MODE#0} a /a\n',
    files: TWO,
    tree: { '/a': '700 1:700 A' },
  },
  {
    name: '--link creates a separate layer, with its own directories',
    dockerfile: 'FROM busybox\nCOPY --link --chown=3:4 a /tmp/x/\n',
    files: TWO,
    tree: { '/tmp/x/a': '644 3:4 A' },
  },
  {
    name: 'symbolic links in a directory are copied as links',
    dockerfile: 'FROM scratch\nCOPY d /d/\n',
    files: { 'd/real': 'R', 'd/rel': { link: 'real' }, 'd/abs': { link: '/etc/passwd' } },
    tree: { '/d/rel': '-> real', '/d/abs': '-> /etc/passwd' },
  },
  {
    name: 'a source that is a link is followed',
    dockerfile: 'FROM scratch\nCOPY l /f\n',
    files: { real: 'R', l: { link: 'real' } },
    tree: { '/f': '644 0:0 R' },
  },
  {
    name: 'a link out of the context leads nowhere',
    dockerfile: 'FROM scratch\nCOPY l/passwd /f\n',
    files: { l: { link: '/etc' } },
    fails: /outside the build context|not found/,
  },
  {
    name: 'a source above the context resolves within it',
    dockerfile: 'FROM scratch\nCOPY ../a /f\nCOPY src/../../src/one.txt /g\nCOPY .. /all/\n',
    files: { ...TWO, ...TREE },
    tree: { '/f': 'A', '/g': '1', '/all/b': 'B' },
  },
  {
    name: 'links of the image are resolved within the image',
    dockerfile:
      'FROM busybox\nRUN mkdir /real && ln -s /real /l && ln -s ../../../real /m\nCOPY a /l/\nCOPY b /m/\n',
    files: TWO,
    tree: { '/real/a': 'A', '/real/b': 'B', '/l': '-> /real' },
  },
  {
    name: 'a file in place of a directory is rejected',
    dockerfile: 'FROM scratch\nCOPY a /x\nCOPY b /x/\n',
    files: TWO,
    fails: /cannot copy to non-directory/,
  },
  {
    name: 'a missing source is reported by name',
    dockerfile: 'FROM scratch\nCOPY nope /x\n',
    files: TWO,
    fails: /Dockerfile:2:1: .*nope/,
  },
  {
    name: '.dockerignore excludes files, and ! includes them again',
    dockerfile: 'FROM scratch\nCOPY . /o/\n',
    files: {
      '.dockerignore': '# comment\n*.log\nsecret\n!keep.log\n**/*.tmp\n',
      'a.log': 'x',
      'keep.log': 'k',
      'secret/x': 'x',
      'd/x.tmp': 'x',
      'd/y': 'y',
    },
    tree: { '/o/a.log': null, '/o/keep.log': 'k', '/o/secret': null, '/o/d/x.tmp': null, '/o/d/y': 'y' },
  },
  {
    name: 'an ignored file cannot be copied by name',
    dockerfile: 'FROM scratch\nCOPY secret /x\n',
    files: { '.dockerignore': 'secret\n', secret: 's' },
    fails: /excluded by .dockerignore/,
  },
  {
    name: '<Dockerfile>.dockerignore replaces .dockerignore',
    dockerfile: 'FROM scratch\nCOPY a b /o/\n',
    query: { dockerfile: 'docker/App' },
    files: {
      'docker/App': 'FROM scratch\nCOPY . /o/\n',
      'docker/App.dockerignore': 'b\n',
      '.dockerignore': 'a\n',
      ...TWO,
    },
    tree: { '/o/a': 'A', '/o/b': null },
  },
  {
    name: 'ADD unpacks archives of the context, COPY does not',
    dockerfile:
      'FROM busybox AS make\nRUN mkdir d && echo in > d/f && tar -czf /t.tgz d && tar -cf /t.tar d\n' +
      'FROM scratch\nCOPY --from=make /t.tgz /copied/\n',
    tree: { '/copied/t.tgz': /^644 0:0 / },
  },
  {
    name: 'ADD --unpack=false copies an archive unchanged, and plain files are copied',
    dockerfile: 'FROM scratch\nADD --unpack=false a /a\nADD b /b/\n',
    files: TWO,
    tree: { '/a': 'A', '/b/b': 'B' },
  },
  {
    name: 'COPY in JSON form accepts names with spaces',
    dockerfile: 'FROM scratch\nCOPY ["a file", "/to here/"]\n',
    files: { 'a file': 'S' },
    tree: { '/to here/a file': 'S' },
  },
  {
    name: 'COPY of here-documents',
    dockerfile: 'FROM scratch\nARG W=world\nCOPY <<a.txt <<"b.txt" /d/\nhello $W\na.txt\nraw $W\nb.txt\n',
    tree: { '/d/a.txt': '644 0:0 hello world\n', '/d/b.txt': '644 0:0 raw $W\n' },
  },
  {
    name: 'COPY of a here-document with owner and mode',
    dockerfile: 'FROM scratch\nCOPY --chown=5:6 --chmod=500 <<-E /run.sh\n\techo hi\nE\n',
    tree: { '/run.sh': '500 5:6 echo hi\n' },
  },
  {
    name: 'COPY --from preserves owners, modes, links and special mode bits',
    dockerfile:
      'FROM busybox AS s\nRUN mkdir /d && echo x > /d/f && chown 3:4 /d/f && chmod 2755 /d/f && ln -s f /d/l && chmod 1777 /d\n' +
      'FROM scratch\nCOPY --from=s /d /e\n',
    tree: { '/e/f': '2755 3:4 x\n', '/e/l': '-> f' },
  },
  {
    name: 'COPY --from by number and by image',
    dockerfile:
      'FROM busybox\nRUN echo 0 > /zero\nFROM scratch\nCOPY --from=0 /zero /z\nCOPY --from=busybox /etc/group /g\n',
    tree: { '/z': '0\n', '/g': /root:x:0/ },
  },
  {
    name: 'hard links stay hard links within one COPY',
    dockerfile:
      'FROM busybox AS s\nRUN mkdir /d && echo x > /d/a && ln /d/a /d/b\nFROM busybox\nCOPY --from=s /d /d\nRUN stat -c %h /d/a > /n\n',
    tree: { '/n': '2\n' },
  },
  {
    name: 'empty directories and unusual names are copied',
    dockerfile: 'FROM scratch\nCOPY . /o/\n',
    files: { empty: { directory: true, mode: 0o700 }, 'ü ñ': 'u', "it's": 'q' },
    tree: { '/o/empty': '700/ 0:0', '/o/ü ñ': 'u', "/o/it's": 'q' },
  },
  {
    name: 'variables in sources and destinations',
    dockerfile: 'FROM scratch\nARG N=a\nENV D=/out\nCOPY ${N} ${D}/${N:+set}/\n',
    files: TWO,
    tree: { '/out/set/a': 'A' },
  },
  {
    name: 'ADD of an unreachable URL reports the URL',
    dockerfile: 'FROM scratch\nADD http://127.0.0.1:9/x /x\n',
    fails: /http:\/\/127\.0\.0\.1:9\/x/,
  },
  {
    name: 'a directory does not replace a link to a directory',
    dockerfile: 'FROM busybox\nRUN mkdir -p /usr/bin && ln -s usr/bin /link\nCOPY src /\n',
    files: { 'src/link/new': 'N' },
    fails: /: cannot copy to non-directory: \/link$/m,
  },
  {
    name: 'a directory does not replace a file',
    dockerfile: 'FROM busybox\nRUN echo x >/thing\nCOPY src /\n',
    files: { 'src/thing/new': 'N' },
    fails: /: cannot copy to non-directory: \/thing$/m,
  },
  {
    name: 'a directory below an excluded one does not replace a link either',
    dockerfile: 'FROM busybox\nRUN mkdir /real && ln -s real /link\nCOPY . /\n',
    files: { '.dockerignore': 'link\n!link/new\n', 'link/new': 'N' },
    fails: /: cannot copy to non-directory: \/link$/m,
  },
  {
    name: 'a file does not take the place of a directory',
    dockerfile: 'FROM busybox\nRUN mkdir -p /x/name\nCOPY src /x\n',
    files: { 'src/name': 'N' },
    fails: /: cannot replace to directory \/x\/name with file$/m,
  },
  {
    name: 'a file does not replace a directory of the same name within the destination',
    dockerfile: 'FROM busybox\nRUN mkdir -p /x/a\nCOPY a /x/\n',
    files: TWO,
    fails: /: cannot replace to directory \/x\/a with file$/m,
  },
  {
    name: 'two sources of one COPY must be of the same kind where they overlap',
    dockerfile: 'FROM scratch\nCOPY one two /x/\n',
    files: { 'one/name/a': 'A', 'two/name': 'N' },
    fails: /: cannot replace to directory \/x\/name with file$/m,
  },
  {
    name: 'a link within the copied directory replaces a file, and a file replaces a link',
    dockerfile: 'FROM busybox\nRUN mkdir /x && echo t >/t && echo f >/x/f && ln -s /t /x/l\nCOPY src /x\n',
    files: { 'src/f': { link: '/t' }, 'src/l': 'L' },
    tree: { '/x/f': '-> /t', '/x/l': 'L', '/t': 't\n' },
  },
  {
    name: 'a destination that is a link is followed, wherever it leads in the image',
    dockerfile:
      'FROM busybox\nRUN mkdir /real && echo x >/real/old && ln -s real/old /file && ln -s /real /directory\n' +
      'COPY a /file\nCOPY b /directory\n',
    files: TWO,
    tree: { '/file': '-> real/old', '/real/old': 'A', '/directory': '-> /real', '/real/b': 'B' },
  },
  {
    name: 'a destination that is a dangling link is followed',
    dockerfile:
      'FROM busybox\nRUN ln -s /far/away /file && ln -s ../../far/directory /directory && ln -s /far/one /deep && ln -s deep /two\n' +
      'COPY a /file\nCOPY a /directory/\nADD b /two/in/it\nCOPY <<-EOF /directory/text\n\thello\n\tEOF\n' +
      'WORKDIR /two/work\nRUN pwd -P >/pwd\n',
    files: TWO,
    tree: {
      '/file': '-> /far/away',
      '/far/away': '644 0:0 A',
      '/directory': '-> ../../far/directory',
      '/far/directory/a': 'A',
      '/far/directory/text': 'hello\n',
      '/two': '-> deep',
      '/far/one/in/it': 'B',
      '/far/one/work': '755/ 0:0',
      '/pwd': '/far/one/work\n',
    },
  },
  {
    name: 'a cycle of links fails',
    dockerfile: 'FROM busybox\nRUN ln -s b /a && ln -s a /b\nCOPY a /a/x\n',
    files: TWO,
    fails: /too many links/,
  },
  {
    name: '--link does not read the layers below, so its destination consists of directories',
    dockerfile: 'FROM busybox\nRUN mkdir /real && ln -s real /link\nCOPY --link a /link/\n',
    files: TWO,
    tree: { '/link': '755/ 0:0', '/link/a': 'A', '/real/a': null },
  },
  {
    name: '--parents does not follow links below the destination',
    dockerfile: 'FROM busybox\nRUN mkdir /real && ln -s real /src\nCOPY --parents src/one.txt /\n',
    files: TREE,
    fails: /: cannot copy to non-directory: \/src$/m,
  },
];
