/**
 * Documents of the jobs agent that comes with the AWS IoT Device SDK for JavaScript v1
 * (https://github.com/aws/aws-iot-device-sdk-js, examples/jobs-agent.js), and what they are here. As there, members that
 * nobody knows are passed over, and null is nothing. Names, paths and sizes are held against the schema of the operation
 * that a document becomes; `sdkV1Pointer` leads back from there.
 */
import { readFlag, readText } from './document-fields.ts';
import type { JobPlan, PlannedStep } from './job-plan.ts';
import type { JsonObject, JsonValue } from './json.ts';
import {
  type JsonPlace,
  memberPlace,
  noteExpected,
  noteProblem,
  readItems,
  readObject,
  readOptional,
  readQuotedInteger,
} from './json-place.ts';
import { splitLaunchCommand } from './launch-command.ts';

/** Members that only documents of that agent have. `delay` goes with reboot and shutdown. */
const PACKAGE_MEMBERS: readonly string[] = ['packageName', 'launchCommand', 'workingDirectory', 'autoStart', 'files'];
/** A day: the longest that the operation `delay` takes. */
const MAX_DELAY_MINUTES = 1440;

/**
 * Whether a document is one of these. `{"operation": "install"}` alone is not: it names an executable of that name, as it
 * always did; nor is `{"operation": "reboot"}`, which means the same in both formats.
 */
export function isSdkV1Document(operation: JsonValue | undefined, has: (member: string) => boolean): boolean {
  switch (operation) {
    case 'install':
    case 'start':
    case 'stop':
    case 'restart':
      return PACKAGE_MEMBERS.some(has);
    case 'reboot':
    case 'shutdown':
      return has('delay');
    default:
      return operation === 'systemStatus';
  }
}

/** @returns a plan that counts only if `document` has noted no problems. */
export function readSdkV1Document(document: JsonPlace): JobPlan {
  return { format: 'sdk-v1', includeStdOut: false, steps: readSteps(document) };
}

function readSteps(document: JsonPlace): readonly PlannedStep[] {
  const operation = memberPlace(document, 'operation').value;
  switch (operation) {
    case 'install':
      return [step('install', 'install-application', readInstall(document))];
    case 'start':
    case 'stop':
    case 'restart':
      return [
        step(operation, 'applications', { action: operation, name: readText(memberPlace(document, 'packageName')) }),
      ];
    case 'reboot':
    case 'shutdown':
      return [...readDelay(memberPlace(document, 'delay')), step(operation, operation, {})];
    default:
      return [step('systemStatus', 'system-info', {}), step('systemStatus', 'applications', { action: 'status' })];
  }
}

function step(name: string, operation: string, parameters: JsonObject): PlannedStep {
  return { name, pointer: '', action: { kind: 'operation', operation, parameters }, ignoreFailure: false };
}

/** Minutes, as a number or in a string: that agent hands it to shutdown(8). */
function readDelay(place: JsonPlace): readonly PlannedStep[] {
  const minutes = readPresent(place, (delay) => readQuotedInteger(delay, 0)) ?? 0;
  if (minutes > MAX_DELAY_MINUTES) noteExpected(place, `at most ${MAX_DELAY_MINUTES} minutes`);
  return minutes === 0 ? [] : [step('delay', 'delay', { seconds: minutes * 60 })];
}

function readInstall(document: JsonPlace): JsonObject {
  const workingDirectory = readPresent(memberPlace(document, 'workingDirectory'), readText);
  const command = readPresent(memberPlace(document, 'launchCommand'), readCommand);
  const autoStart = readPresent(memberPlace(document, 'autoStart'), readFlag);
  return {
    name: readText(memberPlace(document, 'packageName')),
    ...(workingDirectory !== undefined && workingDirectory !== '' && { workingDirectory }),
    files: readItems(memberPlace(document, 'files')).map(readFile),
    ...(command !== undefined && {
      command,
      ...(autoStart !== undefined && { startAtBoot: autoStart, start: autoStart }),
    }),
  };
}

function readCommand(place: JsonPlace): readonly string[] | undefined {
  const text = readText(place);
  if (text.trim() === '') return undefined;
  const split = splitLaunchCommand(text);
  if (split.ok) return split.words;
  noteProblem(place, split.problem);
  return undefined;
}

function readFile(file: JsonPlace): JsonObject {
  readObject(file);
  const version = readPresent(memberPlace(file, 'fileVersion'), readText);
  return {
    path: readText(memberPlace(file, 'fileName')),
    url: readText(memberPlace(readMember(file, 'fileSource'), 'url')),
    ...(version !== undefined && { version }),
    ...readPresent(memberPlace(file, 'checksum'), readChecksum),
  };
}

function readMember(place: JsonPlace, name: string): JsonPlace {
  const member = memberPlace(place, name);
  readObject(member);
  return member;
}

/** Our names of the algorithms, for those that Node.js has by any spelling of OpenSSL (`SHA256`, `sha-256`, `RSA-SHA256`). */
const ALGORITHMS: Readonly<Record<string, string>> = {
  md5: 'md5',
  sha: 'sha1',
  sha1: 'sha1',
  sha224: 'sha224',
  sha256: 'sha256',
  sha384: 'sha384',
  sha512: 'sha512',
};

/** As that agent has it: without an algorithm nothing is checked. A value that nobody would check is a mistake. */
function readChecksum(checksum: JsonPlace): JsonObject {
  readObject(checksum);
  const algorithm = memberPlace(checksum, 'hashAlgorithm');
  const value = memberPlace(memberPlace(checksum, 'inline'), 'value');
  if (isNothing(algorithm)) {
    if (!isNothing(value)) noteExpected(algorithm, `one of ${Object.keys(ALGORITHMS).join(', ')}`);
    return {};
  }
  const name = ALGORITHMS[readText(algorithm).toLowerCase().replace(/^rsa-/, '').replace(/-/g, '')];
  if (name === undefined) noteExpected(algorithm, `one of ${Object.keys(ALGORITHMS).join(', ')}`);
  readMember(checksum, 'inline');
  return { [name ?? 'sha256']: readText(value) };
}

function readPresent<T>(place: JsonPlace, read: (place: JsonPlace) => T): T | undefined {
  return isNothing(place) ? undefined : readOptional(place, read);
}

function isNothing({ value }: JsonPlace): boolean {
  return value === undefined || value === null;
}

/** Where a parameter of the operation stands in the document that it was read from. */
export function sdkV1Pointer(pointer: string): string {
  const [, file, member] = /^(\/files\/\d+)\/(\w+)$/.exec(pointer) ?? [];
  if (file !== undefined && member !== undefined) return file + (FILE_MEMBERS[member] ?? CHECKSUM_VALUE);
  return MEMBERS[pointer] ?? pointer;
}

const CHECKSUM_VALUE = '/checksum/inline/value';
const FILE_MEMBERS: Readonly<Record<string, string>> = {
  path: '/fileName',
  url: '/fileSource/url',
  version: '/fileVersion',
};
const MEMBERS: Readonly<Record<string, string>> = {
  '/name': '/packageName',
  '/command': '/launchCommand',
  '/startAtBoot': '/autoStart',
  '/start': '/autoStart',
  '/seconds': '/delay',
};
