import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../agent/cli/commands.ts';
import { parseArguments } from '../../agent/cli/parse-arguments.ts';
import { HANDLER_HOST, USAGE } from '../../agent/cli/usage.ts';
import { helpFor, usageOf } from '../../agent/cli/usage-of.ts';
import { parseHelp } from '../../scripts/docs/help-text.ts';

const commands = Object.entries(COMMANDS).filter(([name]) => name !== HANDLER_HOST);

describe('job-agent --help', () => {
  test.each(commands)('names %s', (name) => {
    expect(USAGE).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
  });

  test('names every exit code that the help of a command does', () => {
    const known = codesOf(parseHelp(USAGE).exitStatus);
    for (const [name] of commands)
      expect(known, name).toEqual(expect.arrayContaining([...codesOf(parseHelp(usageOf(name)).exitStatus)]));
  });
});

describe.each(commands)('job-agent %s --help', (name, { options }) => {
  const help = parseHelp(usageOf(name));

  test('is its own, and begins with how it is called', () => {
    expect(help.synopsis[0]).toMatch(new RegExp(`^job-agent ${name}\\b`));
    expect(help.paragraphs).not.toEqual([]);
    expect(help.exitStatus).toMatch(/^0\b/);
  });

  test('has every option', () => {
    for (const option of Object.keys(options)) expect(usageOf(name)).toContain(`--${option}`);
  });

  test('has examples, which are right', () => {
    expect(help.examples).not.toEqual([]);
    for (const example of help.examples) {
      const call = /\bjob-agent (.+?)(?: \|.*)?$/.exec(example)?.[1] ?? '';
      const words = [...call.matchAll(/'([^']*)'|[^\s']+/g)].map(([word, quoted]) => quoted ?? word);
      expect(parseArguments(words).name, example).toBe(name);
    }
  });

  test('is where a mistake leads to', () => {
    expect(helpFor([...name.split(' '), '--no-such-option'])).toBe(`job-agent ${name} --help`);
  });
});

function codesOf(exitStatus: string): readonly string[] {
  return [...exitStatus.matchAll(/(?<![\d-])(\d{1,3})(?= [a-zA-Z]|,)/g)].map(([, code = '']) => code);
}
