import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { splitLaunchCommand } from '../../agent/core/launch-command.ts';

/** What needs no shell means the same to one: each is also given to /bin/sh, which prints its words. */
const commands: [string, string[]][] = [
  ['node app.js', ['node', 'app.js']],
  ['  node\tapp.js  --port=80 ', ['node', 'app.js', '--port=80']],
  [`printf 'a b' "c d" e\\ f`, ['printf', 'a b', 'c d', 'e f']],
  [`printf 'it'"'"s`, ['printf', "it's"]],
  [`printf "say \\"x\\" \\\\ \\n \\$HOME"`, ['printf', 'say "x" \\ \\n $HOME']],
  [`printf 'a|b;c&d>e<f(g)h$i\`j*k?l[m]n{o}p~q#r!'`, ['printf', 'a|b;c&d>e<f(g)h$i`j*k?l[m]n{o}p~q#r!']],
  [`printf "a|b;c*?[x]{y}~#"`, ['printf', 'a|b;c*?[x]{y}~#']],
  [`printf a~b c#d e=f '' ""`, ['printf', 'a~b', 'c#d', 'e=f', '', '']],
  [`printf 'two\nlines'`, ['printf', 'two\nlines']],
  [`printf \\'x\\"`, ['printf', `'x"`]],
  ['/opt/app/run -x=%d%%', ['/opt/app/run', '-x=%d%%']],
  ['env A=1 node é', ['env', 'A=1', 'node', 'é']],
];

test.each(commands)('%j needs no shell', (text, words) => {
  expect(splitLaunchCommand(text)).toEqual({ ok: true, words });
  // Its program replaced by one that prints its arguments, each between brackets.
  const script = text.trim().replace(/^\S+/, "printf '[%s]'");
  const printed = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
  expect(printed).toBe(
    words
      .slice(1)
      .map((word) => `[${word}]`)
      .join(''),
  );
});

test.each([
  ['node app.js &', 'needs a shell for &, a command in the background'],
  ['cd /opt && node app.js', 'needs a shell for &'],
  ['node a.js; node b.js', 'needs a shell for ;, a second command'],
  ['node a.js | tee log', 'needs a shell for |, a pipe'],
  ['node a.js > log', 'needs a shell for >, a redirection'],
  ['node a.js 2>&1', 'needs a shell for >'],
  ['cat < in', 'needs a shell for <'],
  ['(node a.js)', 'needs a shell for (, a subshell'],
  ['node $HOME/a.js', 'needs a shell for $'],
  ['node "$HOME/a.js"', 'needs a shell for $'],
  ['node "`pwd`"', 'needs a shell for `'],
  ['node `pwd`/a.js', 'needs a shell for `'],
  ['node *.js', 'needs a shell for *, a pattern'],
  ['node a?.js', 'needs a shell for ?'],
  ['node [ab].js', 'needs a shell for ['],
  ['node {a,b}.js', 'needs a shell for {'],
  ['node ~/a.js', 'needs a shell for ~, a home folder'],
  ['node a.js # start it', 'needs a shell for #, a comment'],
  ['node a.js\nnode b.js', 'needs a shell for a line end'],
  ['node a.js \\\n --x', 'ends in a backslash'],
  ['node a.js \\', 'ends in a backslash'],
  [`node 'a.js`, 'has a single quote without an end'],
  ['node "a.js', 'has a double quote without an end'],
  ['node "a.js\\"', 'has a double quote without an end'],
  ['PORT=80 node a.js', 'begins with the setting of a variable'],
  ['cd /opt', 'begins with cd, which only a shell understands, and there is none; give the folder as workingDirectory'],
  ['exec node a.js', 'begins with exec, which only a shell understands, and there is none; leave it out'],
  ['. ./env.sh', 'begins with ., which only a shell understands'],
  ['! node', 'begins with !'],
  ['-x', 'begins with what looks like an option'],
  ['', 'expected a program and its arguments'],
  [' \t ', 'expected a program and its arguments'],
  [`'' a`, 'expected a program and its arguments'],
])('%j is refused', (text, problem) => {
  const split = splitLaunchCommand(text);
  expect(split.ok ? split.words : split.problem).toContain(problem);
});

test.each(['constructor', '__proto__', 'toString'])('%s is a program like any other', (program) => {
  expect(splitLaunchCommand(program)).toEqual({ ok: true, words: [program] });
});
