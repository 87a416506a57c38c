/** Text as man(7) of groff and mandoc takes it: in ASCII, and with nothing that could be taken for a request. */

/** Plain text, of one line or more. */
export function roff(text: string): string {
  return withoutRequests(escaped(text));
}

/** A sentence with Markdown's `code` and [links](of-it) as bold words and their texts. */
export function roffOfMarkdown(text: string): string {
  const parts = text.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1').split(/(`[^`]+`)/);
  return withoutRequests(
    parts.map((part) => (part.startsWith('`') ? `\\fB${escaped(part.slice(1, -1))}\\fR` : escaped(part))).join(''),
  );
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-') // a hyphen that can be copied as the minus of an option
    .replace(/[^\x20-\x7e\n]/gu, (character) => `\\[u${hex(character)}]`);
}

/** A line that begins with one of these would be a request. */
function withoutRequests(text: string): string {
  return text.replace(/^(?=[.'])/gm, '\\&');
}

/** Lines as they are. */
export function roffLiteral(lines: readonly string[]): string {
  return `.PP\n.RS 4\n.nf\n${lines.map(roff).join('\n')}\n.fi\n.RE\n`;
}

/** A word with what it means. */
export function roffEntry(tag: string, text: string): string {
  return `.TP\n.B ${roff(tag)}\n${text}\n`;
}

/** groff_char(7): at least four digits, upper case. */
function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
