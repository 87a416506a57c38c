/** Texts for the free-text parameters of operations: that fit, and that must be refused. All but names carry the mark. */
import { FREE_TEXTS, type FreeText, HOSTILE_TEXTS, type HostileKind } from '../handlers/free-text.ts';
import type { Random } from '../power/random.ts';
import { MARK, PLACES } from './places.ts';

export interface Servers {
  /** Serves files, and takes them. Its host is in `insecureDownloadHosts`. */
  readonly filesPort: number;
  /** Nobody may connect there. */
  readonly trapPort: number;
}

/** What each would do where a shell, a path or a format string saw it; `/pwned` would turn up as written elsewhere. */
const PAYLOADS: readonly string[] = [
  '$(touch /pwned)',
  '`touch /pwned`',
  ';touch /pwned;',
  '|touch /pwned',
  '&& touch /pwned &&',
  "'; touch /pwned; '",
  '"; touch /pwned; "',
  '> /pwned',
  `\${IFS}touch\${IFS}/pwned`,
  '%s%n%x',
  '{{7*7}}',
  '*',
  '~',
  'a\\nb',
  '\u202egpj.exe',
  'Ａ',
  'é',
  'e\u0301',
  '\u{1f4a5}',
  '\ufeff',
  '-rf',
  '--',
  '-o/pwned',
  '@/etc/hostname',
  '\\\\host\\share',
  'CON',
];

/** Refused wherever `nul`, `lineEnd` or `traversal` is; otherwise what it says is taken is tried with these. */
const NEVER_IN_PAYLOADS = /[\0\r\n]/;

export function freeTextOf(operation: string, name: string): FreeText | undefined {
  return FREE_TEXTS[operation]?.[name];
}

/** A text that the parameter takes. @param count makes it another one each time. */
export function drawFittingText(
  random: Random,
  text: FreeText,
  { count, servers }: { count: number; servers: Servers },
): string {
  if (isUrl(text)) return drawUrl(random, servers, count);
  const kinds = Object.keys(text.takes ?? {}) as HostileKind[];
  if (isPath(text)) return drawPath(random, text, count);
  if (text.sample.startsWith('/')) return `${PLACES.allowed}/${MARK}${count}`; // a document may name any; here only one of these
  if (kinds.length === 0) return text.sample; // a strict name
  if (random.below(3) === 0) return `${text.sample}-${MARK}${count}`;
  if (kinds.includes('shell') && random.below(2) === 0) return `${MARK}${count}${oneOf(random, PAYLOADS)}`;
  return oneOf(random, HOSTILE_TEXTS[oneOf(random, kinds)]);
}

/** One that it must refuse. */
export function drawRefusedText(random: Random, text: FreeText): string | undefined {
  if (text.refuses.length === 0) return undefined;
  const hostile: string = oneOf(random, HOSTILE_TEXTS[oneOf(random, text.refuses)]);
  return hostile === '' ? '' : (text.within ?? ((inner: string) => inner))(hostile);
}

export function drawPayload(random: Random): string {
  return oneOf(
    random,
    PAYLOADS.filter((payload) => !NEVER_IN_PAYLOADS.test(payload)),
  );
}

function isUrl({ within }: FreeText): boolean {
  return within?.('').startsWith('https://') ?? false;
}

function isPath({ refuses }: FreeText): boolean {
  return refuses.includes('traversal') && refuses.includes('trailingSlash') && !refuses.includes('option');
}

/** Absolute in a folder that documents may name, or relative; where a step before planted links, through one of them. */
function drawPath(random: Random, { refuses }: FreeText, count: number): string {
  const name = oneOf(random, [
    `${MARK}${count}`,
    `${MARK}${count} ${drawPayload(random).replaceAll('/', '')}`,
    `-rf ${MARK}`,
    'there.txt',
    'link.txt',
    'folder',
    `${'n'.repeat(250)}`,
  ]);
  if (refuses.includes('absolutePath'))
    return oneOf(random, [
      name,
      `${PLACES.uploads}/report.txt`,
      `${PLACES.uploads}/${name}`,
      `${PLACES.uploads}/link-out`,
    ]);
  return oneOf(random, [
    name,
    `${PLACES.allowed}/${name}`,
    `${PLACES.allowed}/deep/${name}`,
    `to-inside/${name}`,
    `${PLACES.allowed}/folder/${name}`,
  ]);
}

function drawUrl(random: Random, servers: Servers, count: number): string {
  const files = `http://127.0.0.1:${servers.filesPort}`;
  return oneOf(random, [
    `${files}/file/${MARK}${count}`,
    `${files}/file/${encodeURIComponent(drawPayload(random))}`,
    `${files}/file/${MARK}?X-Amz-Signature=${count}`,
    `${files}/missing`,
    `${files}/redirect-to-file`,
    `https://127.0.0.1:${servers.filesPort}/not-tls`,
    oneOf(random, trapUrls(servers)),
  ]);
}

/** This machine itself, spelt in many ways, and the metadata service of a cloud. */
export function trapUrls({ filesPort, trapPort }: Servers): readonly string[] {
  const hosts = [
    '127.0.0.2',
    '2130706434',
    '0x7f.0.0.2',
    '0177.0.0.2',
    '127.2',
    '[::ffff:127.0.0.2]',
    '[::ffff:7f00:2]',
  ];
  return [
    ...hosts.map((host) => `https://${host}:${trapPort}/${MARK}`),
    `http://127.0.0.2:${trapPort}/${MARK}`,
    `https://user:word@127.0.0.2:${trapPort}/`,
    `http://127.0.0.1:${filesPort}/redirect-to-trap`,
    'https://169.254.169.254/latest/meta-data/',
    'https://[fe80::1]/',
  ];
}

/** Of choices of different types, too. */
export function oneOf<T>(random: Random, choices: readonly T[]): T {
  if (choices.length === 0) throw new Error('nothing to choose from');
  return choices[random.below(choices.length)] as T;
}

/** One of the first in nine of ten cases: what is wrong in one of many places hides all the others. */
export function usually<T>(random: Random, usual: readonly T[], other: readonly T[]): T {
  return oneOf(random, random.below(10) === 0 ? other : usual);
}
