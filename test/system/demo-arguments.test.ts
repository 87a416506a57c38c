import { expect, test } from 'vitest';
import { parseArguments, UsageError } from '../../demo/arguments.ts';

test.each([
  [[], { command: 'demo' }],
  [['--dev'], { command: 'dev' }],
  [['--job', 'x.json'], { command: 'job', file: 'x.json' }],
  [['--job', '--follow', 'job-1'], { command: 'job', jobId: 'job-1' }],
])('%j is understood', (argv, given) => {
  expect(parseArguments(argv)).toEqual(given);
});

test.each([
  [['--help'], 'Usage: npm run demo '],
  [['--dev', '-h'], 'Usage: npm run dev '],
  [['--job', '--help'], 'Usage: npm run job -- FILE '],
  [['--job', 'x.json', '--help'], 'Usage: npm run job -- FILE '],
])('%j asks for help', (argv, beginning) => {
  expect(parseArguments(argv)).toEqual({ command: 'help', usage: expect.stringContaining(beginning) });
});

test.each([
  [['--job'], 'job: which document?\nUsage: npm run job '],
  [['--job', '--follow'], 'job: which job?\nUsage: npm run job '],
  [['--job', 'x.json', 'y.json'], "job: expected nothing after 'x.json', got 'y.json'\nUsage: npm run job "],
  [['--job', '--wait'], "job: unknown option '--wait'\nUsage: npm run job "],
  [['--dev', 'x.json'], "dev: expected no arguments, got 'x.json'\nUsage: npm run dev "],
  [['x.json'], "demo: expected no arguments, got 'x.json'\nUsage: npm run demo "],
])('%j is wrong usage', (argv, message) => {
  expect(() => parseArguments(argv)).toThrow(UsageError);
  expect(() => parseArguments(argv)).toThrow(message);
});
