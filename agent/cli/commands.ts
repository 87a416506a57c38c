/**
 * Every command of `job-agent`, with the words and options it takes. Each is loaded only when it is asked for: a handler
 * host needs no MQTT, and is 7 MB smaller without it.
 */
import type { ParseArgsConfig } from 'node:util';
import type { ConfigSource } from '../config/load.ts';
import { HANDLER_HOST } from './usage.ts';

export interface CommandCall {
  readonly source: ConfigSource;
  /** `--config` was given: then the file has to be there. */
  readonly isConfigGiven: boolean;
  readonly asJson: boolean;
  readonly operands: readonly string[];
  readonly values: OptionValues;
  /** How to start a handler host: the program, then its arguments. */
  readonly hostArgv: readonly string[];
}

/** Of options that a command need not be given. */
export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

export interface Command {
  /** Words after the command, as usage shows them; one in brackets may be left out, one with `…` may be many. */
  readonly operands: readonly string[];
  /** Beside those of every command. */
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** @returns the exit code. */
  readonly run: (call: CommandCall) => Promise<number>;
}

const HANDLERS_DIR = { 'handlers-dir': { type: 'string' } } as const;
const NO_WORDS = { operands: [], options: {} } as const;

export const COMMANDS: Readonly<Record<string, Command>> = {
  run: {
    ...NO_WORDS,
    run: async ({ source, hostArgv }) =>
      (await import('./run.ts')).run({ configFile: source.file, env: source.env, hostArgv }),
  },
  status: { ...NO_WORDS, run: async ({ source, asJson }) => (await import('./status.ts')).status(source, asJson) },
  health: { ...NO_WORDS, run: async ({ source, asJson }) => (await import('./status.ts')).health(source, asJson) },
  config: { ...NO_WORDS, run: async ({ source, asJson }) => (await import('./config.ts')).config(source, asJson) },
  'config import': {
    operands: ['FILE', '[ARGUMENTS…]'],
    options: { output: { type: 'string' }, force: { type: 'boolean' } },
    run: async ({ operands, values }) => (await import('./config-import.ts')).configImport(operands, values),
  },
  exec: {
    operands: ['DOCUMENT'],
    options: {
      ...HANDLERS_DIR,
      'state-dir': { type: 'string' },
      keep: { type: 'boolean' },
      'after-reboot': { type: 'boolean' },
      'skip-waits': { type: 'boolean' },
      quiet: { type: 'boolean' },
    },
    run: async (call) => (await import('./exec.ts')).exec(call),
  },
  plan: {
    operands: ['DOCUMENT'],
    options: HANDLERS_DIR,
    run: async (call) => (await import('./plan.ts')).plan(call),
  },
  handlers: {
    operands: [],
    options: HANDLERS_DIR,
    run: async (call) => (await import('./handlers.ts')).handlers(call),
  },
  'handlers show': {
    operands: ['NAME|PATH'],
    options: HANDLERS_DIR,
    run: async (call) => (await import('./handlers-show.ts')).handlersShow(call),
  },
  'handlers new': {
    operands: ['NAME'],
    options: { kind: { type: 'string' }, language: { type: 'string' }, dir: { type: 'string' } },
    run: async (call) => (await import('./handlers-new.ts')).handlersNew(call),
  },
  'handlers check': {
    operands: ['NAME|PATH'],
    options: { ...HANDLERS_DIR, document: { type: 'string' }, only: { type: 'string' } },
    run: async (call) => (await import('./handlers-check.ts')).handlersCheck(call),
  },
  // Started by the agent itself, for a handler of kind `module`. It may leave sockets and timers behind.
  [HANDLER_HOST]: {
    ...NO_WORDS,
    run: async () => process.exit(await (await import('../handler-host/host.ts')).runHandlerHost()),
  },
};
