/** From the words on the command line to a command and what it is given; each mistake is told with the nearest right word. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { nearestName } from '../core/nearest-name.ts';
import { COMMANDS, type Command, type OptionValues } from './commands.ts';
import { HANDLER_HOST, UsageError } from './usage.ts';

export interface Arguments {
  /** Of one word or two; absent where only `--help` or `--version` was asked for. */
  readonly name?: string;
  readonly command?: Command;
  readonly operands: readonly string[];
  readonly values: OptionValues;
}

const COMMON_OPTIONS: NonNullable<ParseArgsConfig['options']> = {
  config: { type: 'string' },
  json: { type: 'boolean', default: false },
  version: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

/** @throws UsageError. */
export function parseArguments(argv: readonly string[]): Arguments {
  const all = Object.assign({}, COMMON_OPTIONS, ...Object.values(COMMANDS).map(({ options }) => options));
  const { values, positionals } = withHelpAsWord(parsed(argv, all));
  const name = commandName(positionals);
  const isAboutItself = values.help === true || values.version === true;
  if (name === undefined) {
    if (isAboutItself && positionals.length === 0) return { operands: [], values };
    throw new UsageError(unknownCommand(positionals[0]));
  }
  const command = COMMANDS[name];
  if (command === undefined) throw new Error(`the command ${name} is not in its own table`);
  const operands = positionals.slice(name.split(' ').length);
  if (!isAboutItself) {
    checkOptions(name, command, values);
    checkOperands(name, command, operands);
  }
  return { name, command, operands, values };
}

function parsed(argv: readonly string[], options: NonNullable<ParseArgsConfig['options']>) {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options });
    return { values: values as OptionValues, positionals };
  } catch (error) {
    const { message } = error as Error;
    const [, unknown] = /^Unknown option '--?([^']+)'/.exec(message) ?? [];
    if (unknown === undefined) throw new UsageError(inOurWords(message));
    throw new UsageError(`there is no option --${unknown}${didYouMean(unknown, Object.keys(options), '--')}`);
  }
}

/** Of Node.js (util.parseArgs), which names options with a short form as `-h, --help`. */
function inOurWords(message: string): string {
  const [, option = '', trouble = ''] = /^Option '(?:-\w, )?(--[\w-]+)[^']*' (.*)/.exec(message) ?? [];
  if (trouble === 'argument missing') return `${option} needs a value`;
  if (trouble === 'argument is ambiguous.') return `${option} needs a value; one that begins with - as ${option}=-…`;
  return trouble === 'does not take an argument' ? `${option} takes no value` : message;
}

/** `job-agent help exec`, as many a program has it. */
function withHelpAsWord(given: { readonly values: OptionValues; readonly positionals: readonly string[] }) {
  if (given.positionals[0] !== 'help') return given;
  return { values: { ...given.values, help: true }, positionals: given.positionals.slice(1) };
}

/** Commands of two words first: `config import` is not `config` with a word too many. */
function commandName(words: readonly string[]): string | undefined {
  return [words.slice(0, 2).join(' '), words[0] ?? ''].find((name) => Object.hasOwn(COMMANDS, name));
}

function unknownCommand(word: string | undefined): string {
  if (word === undefined) return 'which command?';
  const names = Object.keys(COMMANDS).filter((name) => name !== HANDLER_HOST);
  return `there is no command ${JSON.stringify(word)}${didYouMean(word, names)}`;
}

function didYouMean(word: string, known: readonly string[], before = ''): string {
  const nearest = nearestName(word, known);
  return nearest === undefined ? '' : `; did you mean ${before}${nearest}?`;
}

function checkOptions(name: string, { options }: Command, values: OptionValues): void {
  const surplus = Object.keys(values).find(
    (option) => !Object.hasOwn(COMMON_OPTIONS, option) && !Object.hasOwn(options, option),
  );
  if (surplus === undefined) return;
  const known = Object.keys(options).map((option) => `--${option}`);
  const hint = known.length === 0 ? '' : `; it has ${known.join(', ')}`;
  throw new UsageError(`job-agent ${name} has no option --${surplus}${hint}`);
}

function checkOperands(name: string, { operands: wanted }: Command, given: readonly string[]): void {
  const missing = wanted.slice(given.length).find((operand) => !operand.startsWith('['));
  if (missing !== undefined) throw new UsageError(`job-agent ${name} needs ${missing}`);
  const surplus = wanted.at(-1)?.endsWith('…]') ? undefined : given[wanted.length];
  if (surplus === undefined) return;
  const siblings = Object.keys(COMMANDS).filter((other) => other.startsWith(`${name} `));
  const hint = didYouMean(`${name} ${surplus}`, siblings, 'job-agent ');
  throw new UsageError(`${JSON.stringify(surplus)} is one word too many for job-agent ${name}${hint}`);
}
