import { expect, test } from 'vitest';
import { parseArguments } from '../../agent/cli/parse-arguments.ts';

test('a command gets its words and options, wherever they stand', () => {
  expect(parseArguments(['--json', 'exec', 'a.json', '--keep'])).toMatchObject({
    name: 'exec',
    operands: ['a.json'],
    values: { json: true, keep: true },
  });
});

test('a lone hyphen is a word', () => {
  expect(parseArguments(['exec', '-']).operands).toEqual(['-']);
});

test('help needs none of the words of the command', () => {
  expect(parseArguments(['exec', '--help'])).toMatchObject({ name: 'exec', values: { help: true } });
  expect(parseArguments(['--help'])).toMatchObject({ values: { help: true } });
  expect(parseArguments(['help', 'handlers', 'new'])).toMatchObject({ name: 'handlers new', values: { help: true } });
  expect(parseArguments(['help'])).toMatchObject({ values: { help: true } });
});

for (const [argv, message] of [
  [[], 'which command?'],
  [['exce', 'a'], 'there is no command "exce"; did you mean exec?'],
  [['toString'], 'there is no command "toString"'],
  [['wash'], 'there is no command "wash"'],
  [['handler-hos'], 'there is no command "handler-hos"'],
  [['exec'], 'job-agent exec needs DOCUMENT'],
  [['exec', 'a', 'b'], '"b" is one word too many for job-agent exec'],
  [['exec', 'a', '--kep'], 'there is no option --kep; did you mean --keep?'],
  [['exec', 'a', '--zzz'], 'there is no option --zzz'],
  [['status', '--keep'], 'job-agent status has no option --keep'],
  [['exec', 'a', '--state-dir'], '--state-dir needs a value'],
  [['exec', 'a', '--state-dir', '--json'], '--state-dir needs a value; one that begins with - as --state-dir=-…'],
  [['exec', 'a', '--json=yes'], '--json takes no value'],
  [['exec', 'a', '--help=yes'], '--help takes no value'],
] as const) {
  test(`"${argv.join(' ')}" is told: ${message}`, () => {
    expect(() => parseArguments(argv)).toThrow(message);
  });
}

test('an option of another command is told with those that there are', () => {
  expect(() => parseArguments(['run', '--quiet'])).toThrow(/^job-agent run has no option --quiet$/);
});
