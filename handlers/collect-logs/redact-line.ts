/** What no log may carry off the gateway. Line by line, so that the largest needs no more memory than the smallest. */
import { redactSecrets } from '../../agent/handler-api.ts';

export interface LineRedactor {
  /** @returns the line without secrets, or nothing where the whole line is a part of one. */
  redact(line: string): string | undefined;
  /** Lines that are other than they were, or gone. */
  readonly redactedLines: number;
}

// No pattern walks a character from more than one start: a line may be long, and made to be slow.
const NAME = '(?:pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|psk)';
const VALUE = `(?:"[^"]*"?|'[^']*'?|[^\\s"',;&)}\\]]+)`;
const NAMED_SECRET = new RegExp(`(${NAME}[A-Za-z0-9_-]{0,40}["']?\\s{0,4}[:=]\\s{0,4})${VALUE}`, 'gi');
/** HTTP header fields that are secrets to their end (RFC 9110, 11; RFC 6265). */
const SECRET_HEADER = /\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s{0,4}[:=]\s{0,4}).+/i;
const SCHEME = /\b(Bearer|Basic)\s{1,4}[A-Za-z0-9._~+/=-]{8,}/g;
/** Of an access key of AWS, long-lived or temporary (IAM User Guide, unique identifiers). */
const ACCESS_KEY_ID = /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g;
/** Three parts in base64url, of which the first begins with `{"` (RFC 7519). */
const JSON_WEB_TOKEN = /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g;

const KEY_BEGIN = /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----/;
const KEY_END = '-----END ';
/** An RSA key of 16,384 bits has 200 lines; what has no end by then is no key. */
const MAX_KEY_LINES = 250;

/** @param patterns of the operator, as in `redactPatterns`. */
export function createLineRedactor(patterns: readonly RegExp[]): LineRedactor {
  let keyLines = 0;
  let redactedLines = 0;
  return {
    get redactedLines() {
      return redactedLines;
    },
    redact(line) {
      if (keyLines > 0) {
        redactedLines += 1;
        keyLines = line.includes(KEY_END) || keyLines === MAX_KEY_LINES ? 0 : keyLines + 1;
        return undefined;
      }
      const begin = KEY_BEGIN.exec(line);
      if (begin !== null && !line.slice(begin.index + begin[0].length).includes(KEY_END)) keyLines = 1;
      const redacted = redactText(line, patterns);
      if (redacted !== line) redactedLines += 1;
      return redacted;
    },
  };
}

function redactText(line: string, patterns: readonly RegExp[]): string {
  const text = redactSecrets(line)
    .replace(SECRET_HEADER, '$1$2…')
    .replace(SCHEME, '$1 …')
    .replace(NAMED_SECRET, '$1…')
    .replace(ACCESS_KEY_ID, '[access key]')
    .replace(JSON_WEB_TOKEN, '[token]');
  return patterns.reduce((rest, pattern) => rest.replace(pattern, '[redacted]'), text);
}
