/**
 * What hostile texts each free-text parameter of each operation refuses, and which it takes because they can do no harm
 * there. test/handlers/bad-parameters.test.ts tries every one, and fails when a parameter has no entry or a kind is left out.
 */
import { userInfo } from 'node:os';

import type { JsonObject } from '../../agent/core/json.ts';

/** Texts by what they would do where nobody thought of them. */
export const HOSTILE_TEXTS = {
  empty: [''],
  blank: [' ', 'a b', ' a', 'a '],
  nul: ['a\0b', '\0'],
  lineEnd: ['a\nb', 'a\r\nb', 'a\n'],
  control: ['a\tb', 'a\u001b[2Jb', '\u0007'],
  option: ['-f', '-rf', '--root=x', '--'],
  traversal: ['..', '../x', 'a/../b', '/var/log/../../etc/shadow', 'a/..'],
  absolutePath: ['/etc/passwd'],
  trailingSlash: ['a/'],
  shell: [
    'a;id',
    'a|id',
    'a&id',
    '$(id)',
    '`id`',
    '$HOME',
    'a>b',
    'a<b',
    "a'b",
    'a"b',
    '*',
    'a?',
    '[a]',
    '{a,b}',
    '~root',
    '#a',
    '!a',
    'a%',
  ],
  unicode: ['ä', 'а', '\u202ea', '\ufeffa', 'a\u200b'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type HostileKind = keyof typeof HOSTILE_TEXTS;

export interface FreeText {
  /** A text that fits. */
  readonly sample: string;
  /** Puts a hostile text where it does the most: after the host of a URL. As it is when left out, and always when empty. */
  readonly within?: (text: string) => string;
  /** For one that goes only with others: the parameters to try it in, made of those with the text in them. */
  readonly given?: (parameters: JsonObject) => JsonObject;
  /** Every text of these kinds is REJECTED. */
  readonly refuses: readonly HostileKind[];
  /** Every text of these kinds is taken, and why that is no harm. */
  readonly takes?: Partial<Readonly<Record<HostileKind, string>>>;
}

const ALL = Object.keys(HOSTILE_TEXTS) as readonly HostileKind[];

/** A parameter whose pattern leaves no room: a name, a hash, a mode. */
export function strict(sample: string): FreeText {
  return { sample, refuses: ALL };
}

/** Nothing but a null byte could do harm: no shell sees it, and no program takes it for an option of its own. */
function anyArgument(what: string): FreeText {
  const kinds = ALL.filter((kind) => kind !== 'nul');
  return { sample: 'a', refuses: ['nul'], takes: Object.fromEntries(kinds.map((kind) => [kind, what])) };
}

function toRun({ container }: JsonObject): JsonObject {
  return { action: 'run', container: { image: 'app:1', ...(container as JsonObject) } };
}

const filePath: FreeText = {
  sample: '/tmp/a',
  refuses: ['empty', 'nul', 'lineEnd', 'control', 'traversal', 'trailingSlash'],
  takes: {
    blank: 'names of files may have spaces',
    option: 'it is resolved to an absolute path first, and given to system calls only',
    absolutePath: 'where the file goes is the purpose; what the agent’s user may write is up to the operator',
    shell: 'a name of a file; no shell and no glob sees it',
    unicode: 'a name of a file',
  },
};

const uploadPath: FreeText = {
  ...filePath,
  sample: 'report.txt',
  refuses: [...filePath.refuses, 'absolutePath'],
  takes: {
    blank: 'names of files may have spaces',
    option: filePath.takes?.option ?? '',
    shell: 'a name of a file',
    unicode: 'a name of a file',
  },
};

const url: FreeText = {
  sample: 'https://a.example/f',
  within: (text) => `https://a.example/${text}`,
  refuses: ['empty', 'blank', 'nul', 'lineEnd', 'control'],
  takes: {
    option: 'it begins with https://',
    traversal: 'a path on the server; URL parsing resolves it',
    absolutePath: 'a path on the server',
    trailingSlash: 'a path on the server',
    shell: 'the HTTP client percent-encodes it',
    unicode: 'the HTTP client percent-encodes it',
  },
};

const applicationName: FreeText = {
  sample: 'telemetry',
  refuses: ['empty', 'nul', 'lineEnd', 'control'],
  takes: {
    blank: 'escaped in the names of unit and record',
    option: 'the name of its unit begins with another word',
    traversal: 'escaped in the names of unit and record',
    absolutePath: 'escaped in the names of unit and record',
    trailingSlash: 'escaped in the names of unit and record',
    shell: 'escaped in the names of unit and record',
    unicode: 'escaped in the names of unit and record',
  },
};

/** A text between two lines of a file, which it cannot leave. */
const line = (name: string): FreeText => ({
  sample: 'a',
  given: ({ path, [name]: lines }) => ({ path, format: 'lines', [name]: lines }) as JsonObject,
  refuses: ['empty', 'nul', 'lineEnd', 'control'],
  takes: {
    blank: 'a line may have spaces, and at its end they do not count',
    option: 'it is text of a file',
    traversal: 'it is text of a file',
    absolutePath: 'it is text of a file',
    trailingSlash: 'it is text of a file',
    shell: 'it is text of a file',
    unicode: 'it is text of a file, in UTF-8',
  },
});

/** By operation, then by parameter as docs/handlers.md names it: `units[]`, `source.path`. */
export const FREE_TEXTS: Readonly<Record<string, Readonly<Record<string, FreeText>>>> = {
  applications: { name: applicationName },
  'collect-logs': {
    'journal.units[]': strict('app.service'),
    'journal.since': strict('-2h'),
    'journal.until': strict('2026-03-01T12:00:00Z'),
    'files[]': uploadPath,
    url,
  },
  containers: {
    project: strict('app'),
    composeFile: {
      sample: 'compose.yaml',
      refuses: ['empty', 'nul', 'lineEnd', 'control', 'traversal', 'absolutePath', 'trailingSlash'],
      takes: {
        blank: 'names of files may have spaces',
        option: 'it is resolved to an absolute path within the working folder, and opened by us',
        shell: 'a name of a file',
        unicode: 'a name of a file',
      },
      given: ({ composeFile }) => ({ action: 'up', project: 'app', composeFile: composeFile ?? null }),
    },
    'environment.*': { ...anyArgument('the value of a variable, handed on in the environment'), sample: 'value' },
    'container.name': strict('app'),
    'container.image': strict('app:1'),
    'container.command[]': { ...anyArgument('an argument of the program in the container'), given: toRun },
    'container.ports[]': strict('127.0.0.1:8080:80'),
    'container.volumes[]': {
      sample: 'data:/data',
      within: (text) => `/srv/${text}:/data`,
      refuses: ['nul', 'lineEnd', 'control', 'empty'],
      takes: {
        blank: 'names of folders may have spaces; it is one argument',
        option: 'it begins with /',
        traversal: 'any folder of the gateway may be mounted: docs/containers.md says so',
        absolutePath: 'any folder of the gateway may be mounted',
        trailingSlash: 'a folder',
        shell: 'one argument; no shell sees it',
        unicode: 'the name of a folder',
      },
      given: toRun,
    },
    'container.network': strict('host'),
    'container.user': strict('1000:1000'),
  },
  'download-file': {
    url,
    path: filePath,
    sha256: strict('0'.repeat(64)),
    sha384: strict('0'.repeat(96)),
    sha512: strict('0'.repeat(128)),
    signature: strict(`${'A'.repeat(86)}==`),
    signatureUrl: url,
    signatureKey: {
      ...strict('release'),
      given: (parameters) => ({ ...parameters, signature: `${'A'.repeat(86)}==` }),
    },
    mode: strict('0644'),
  },
  'install-application': {
    name: applicationName,
    workingDirectory: {
      sample: '/opt/a',
      refuses: ['empty', 'nul', 'lineEnd', 'control', 'option', 'traversal'],
      takes: {
        blank: 'names of folders may have spaces; the unit keeps them',
        absolutePath: 'where the application lies is the purpose; jobs may write there anyway',
        trailingSlash: 'the same folder',
        shell: 'a name of a folder; no shell sees it, and % is escaped in the unit',
        unicode: 'a name of a folder',
      },
    },
    'files[].path': {
      sample: 'a.js',
      refuses: ['empty', 'nul', 'lineEnd', 'control', 'option', 'traversal', 'absolutePath', 'trailingSlash'],
      takes: {
        blank: 'names of files may have spaces',
        shell: 'a name of a file; no shell sees it',
        unicode: 'a name of a file',
      },
    },
    'files[].url': url,
    'files[].version': {
      sample: '1.0',
      refuses: ['nul', 'lineEnd', 'control'],
      takes: Object.fromEntries(
        ALL.filter((kind) => !['nul', 'lineEnd', 'control'].includes(kind)).map((kind) => [
          kind,
          'kept for people to read',
        ]),
      ),
    },
    'files[].mode': strict('0644'),
    'files[].sha256': strict('0'.repeat(64)),
    'files[].sha384': strict('0'.repeat(96)),
    'files[].sha512': strict('0'.repeat(128)),
    'files[].sha224': strict('0'.repeat(56)),
    'files[].sha1': strict('0'.repeat(40)),
    'files[].md5': strict('0'.repeat(32)),
    'command[]': {
      sample: 'uname',
      refuses: ['nul'],
      takes: {
        empty: 'an argument may be empty; the program may not, see install-application.test.ts',
        blank: 'one argument, quoted in the unit',
        lineEnd: 'one argument, escaped in the unit',
        control: 'one argument, escaped in the unit',
        option: 'options are what arguments are for; the program may not look like one',
        traversal: 'what it means is up to the program',
        absolutePath: 'what it means is up to the program',
        trailingSlash: 'what it means is up to the program',
        shell: 'no shell sees it, and systemd puts nothing in its place',
        unicode: 'one argument, in UTF-8',
      },
    },
    user: strict(userInfo().username),
  },
  'edit-config': {
    path: filePath,
    'ensureLines[]': line('ensureLines'),
    'removeLines[]': line('removeLines'),
    'check[]': { ...anyArgument('one argument: no shell sees it'), sample: 'true' },
    'apply[]': { ...anyArgument('one argument: no shell sees it'), sample: 'true' },
  },
  firmware: {
    bundle: {
      ...filePath,
      refuses: [...filePath.refuses],
      takes: {
        blank: 'names of files may have spaces',
        option: 'it is resolved to an absolute path first',
        absolutePath: 'the tool checks the signature of what it installs',
        shell: 'a name of a file; no shell sees it',
        unicode: 'a name of a file',
      },
    },
    url: {
      ...url,
      refuses: [...url.refuses, 'unicode'],
      takes: {
        option: 'it begins with https://',
        traversal: 'a path on the server',
        absolutePath: 'a path on the server',
        trailingSlash: 'a path on the server',
        shell: 'one argument; no shell sees it',
      },
      given: ({ url: text }) => ({ url: text ?? null }),
    },
    select: strict('stable,copy2'),
    'healthCheck[]': anyArgument('an argument of the program that the document’s author chose'),
    'commit[]': anyArgument('an argument of the program that the document’s author chose'),
    'rollback[]': anyArgument('an argument of the program that the document’s author chose'),
  },
  'install-packages': { 'packages[]': strict('probe') },
  inventory: { url },
  'remove-packages': { 'packages[]': strict('probe') },
  'run-command': {
    'command[]': {
      sample: 'uname',
      refuses: ['nul'],
      takes: {
        empty: 'an argument may be empty; the program may not, see run-command.test.ts',
        blank: 'one argument, whatever is in it: no shell splits it',
        lineEnd: 'one argument',
        control: 'one argument',
        option: 'options are what arguments are for: the document’s author chose the program',
        traversal: 'what it means is up to the program; the program itself may not be relative',
        absolutePath: 'what it means is up to the program',
        trailingSlash: 'what it means is up to the program',
        shell: 'no shell sees it',
        unicode: 'one argument, in UTF-8',
      },
    },
  },
  services: { 'units[]': strict('app.service') },
  'unpack-archive': { archive: filePath, path: { ...filePath, sample: '/tmp/a/b' } },
  'upload-file': {
    url,
    path: uploadPath,
    contentType: strict('text/plain'),
  },
  'write-file': {
    path: filePath,
    content: {
      sample: 'text',
      refuses: [],
      takes: Object.fromEntries(ALL.map((kind) => [kind, 'the content of a file is any text'])),
    },
    mode: strict('0644'),
    'check[]': { ...anyArgument('one argument: no shell sees it'), sample: 'true' },
    'apply[]': { ...anyArgument('one argument: no shell sees it'), sample: 'true' },
  },
};
