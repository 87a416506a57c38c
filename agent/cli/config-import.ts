/**
 * `job-agent config import`: the configuration of the AWS IoT Device Client, or of the jobs agent of the AWS IoT Device SDK
 * for JavaScript v1, as a configuration of ours.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { checkSettings } from '../config/check-settings.ts';
import { ConfigError } from '../config/config-error.ts';
import { checkCredentials } from '../config/credentials.ts';
import { deviceClientSettings, isDeviceClientFile, withProxy } from '../config/device-client-settings.ts';
import type { ImportedSettings, Surroundings } from '../config/imported-settings.ts';
import { findJsonMistake } from '../config/json-mistake.ts';
import { isSdkV1File, parseSdkV1Arguments, sdkV1ConfigFile, sdkV1Settings } from '../config/sdk-v1-settings.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { fileProblem } from '../files/file-problem.ts';
import { replaceFile } from '../files/replace-file.ts';
import type { OptionValues } from './commands.ts';
import { EXIT, UsageError } from './usage.ts';

/** It holds no secrets, and is read by `job-agent status`, too. */
const CONFIG_MODE = 0o644;
/** A configuration is a few kilobytes; more is some other file named by mistake. */
const MAX_FILE_BYTES = 1024 * 1024;
/** Of the Device Client, beside its configuration (source/config/Config.h, source/config/Config.cpp). */
const RUNTIME_FILE = 'aws-iot-device-client-runtime.conf';
const PROXY_FILE = 'http-proxy.conf'; // docs/HTTP_PROXY.md

/** Settings that only a configuration of ours has, each of them required. */
const OUR_OWN = ['certPath', 'keyPath', 'caPath'];

/** @throws ConfigError that lists everything wrong; then nothing is printed or written. @throws UsageError. */
export async function configImport(operands: readonly string[], { output, force }: OptionValues): Promise<number> {
  const target = typeof output === 'string' ? output : undefined;
  const { settings, notes, config } = await readImport(operands, target);
  const text = `${JSON.stringify(settings, null, 2)}\n`;
  if (target === undefined) process.stdout.write(text);
  else await write(target, text, force === true);
  for (const note of notes) console.error(`note: ${note}`);
  for (const problem of (await checkCredentials(config)).problems) console.error(`to do: ${problem}`);
  console.error(`next: job-agent config --config ${target ?? 'FILE'}, on the gateway and as the agent’s user`);
  return EXIT.done;
}

/**
 * @param operands a file, or the arguments of the SDK's jobs agent, of which the first is an option.
 * @param target the file that it is to be. @throws ConfigError, UsageError
 */
export async function readImport(operands: readonly string[], target = 'config.json') {
  const [file = '', surplus] = operands;
  const isArguments = file.startsWith('-');
  if (!isArguments && surplus !== undefined) throw new UsageError(`${JSON.stringify(surplus)} is one word too many`);
  const imported = isArguments ? await importArguments(operands) : await importFile(file);
  const { config, problems } = checkSettings(target, { values: imported.values }, NO_ENVIRONMENT);
  const ofValues = problems.filter((problem) => !isOfMissing(problem, imported.values)).map(withoutPlace);
  const all = [...imported.problems, ...ofValues];
  if (config === undefined || all.length > 0) throw new ConfigError(all);
  return { settings: imported.values, notes: imported.notes, config };
}

const NO_ENVIRONMENT = { values: {}, unknownNames: [] };

/** Which has been told already, by the name that the person knows. */
function isOfMissing(problem: string, values: JsonObject): boolean {
  return !Object.hasOwn(values, problem.slice(0, problem.indexOf(':')));
}

/** The file that it tells to correct is the one that is not written. */
function withoutPlace(problem: string): string {
  return problem.replace(/; set it in .+ or JOB_AGENT_[A-Z_]+$/, '');
}

async function importFile(file: string): Promise<ImportedSettings> {
  const content = await readObject(file);
  if (OUR_OWN.every((name) => Object.hasOwn(content, name))) {
    throw new ConfigError([
      `${file}: is a configuration of this agent already; job-agent config --config ${file} checks it`,
    ]);
  }
  if (isSdkV1File(content)) return sdkV1Settings({}, content, SURROUNDINGS);
  if (!isDeviceClientFile(content)) throw new ConfigError([`${file}: ${NEITHER}`]);
  const runtime = await readIfThere(join(dirname(file), RUNTIME_FILE));
  const proxy = await readIfThere(join(dirname(file), PROXY_FILE));
  return withProxy(deviceClientSettings(content, runtime, SURROUNDINGS), proxy);
}

const NEITHER =
  'expected the configuration of the AWS IoT Device Client, with thing-name, endpoint, cert and key, or that of the SDK’s jobs agent, with thingName, host, clientCert and privateKey; it has none of these';

async function importArguments(args: readonly string[]): Promise<ImportedSettings> {
  const parsed = parseSdkV1Arguments(args);
  const file = sdkV1ConfigFile(parsed);
  return sdkV1Settings(parsed, file === undefined ? {} : await readObject(file), SURROUNDINGS);
}

const SURROUNDINGS: Surroundings = {
  isThere: existsSync,
  absolutePath(path, name, notes) {
    if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1));
    if (!path.startsWith('/')) notes.push(`${name}: is relative, and was taken from this folder, ${process.cwd()}`);
    return resolve(path);
  },
};

async function readIfThere(path: string): Promise<JsonObject | undefined> {
  return existsSync(path) ? readObject(path) : undefined;
}

/** The Device Client's own writing leaves a NUL byte at the end (its issue 365). @throws ConfigError */
async function readObject(path: string): Promise<JsonObject> {
  const text = await readText(path);
  const mistake = findJsonMistake(text);
  if (mistake !== undefined) {
    const { line, column, expected, found } = mistake;
    throw new ConfigError([`${path}:${line}:${column}: not JSON: expected ${expected}, found ${found}`]);
  }
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) throw new ConfigError([`${path}: expected a JSON object, as every configuration is one`]);
  return value;
}

async function readText(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_FILE_BYTES) throw new Error(`it has ${bytes.length} bytes, more than a configuration has`);
    return bytes
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .replace(/\0+$/, '');
  } catch (error) {
    throw new ConfigError([`${path}: cannot be read: ${await fileProblem(error, resolve(path), 'read')}`]);
  }
}

async function write(path: string, text: string, force: boolean): Promise<void> {
  if (!force && existsSync(path)) {
    throw new ConfigError([`${path}: is there already; --force replaces it, another --output leaves it`]);
  }
  try {
    await replaceFile(path, text, { mode: CONFIG_MODE, writer: 'config import' });
  } catch (error) {
    throw new ConfigError([`${path}: cannot be written: ${await fileProblem(error, resolve(path), 'put')}`]);
  }
}
