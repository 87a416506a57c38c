/** Which files of a folder a handler's own text may mean, when part of the name is made while it runs. */

/** `$$`, `$PID`, `${PID}`, `$(date +%s)`, `` `date` ``, `%s` and `%d` of printf, `{pid}` of Python, the `XXXXXX` of mktemp. */
const VARIABLE = /\$\$|\$\w+|\$\{[^}]*\}|\$\([^)]*\)|`[^`]*`|%[sdif]|\{[^}]*\}|X{3,}/g;
/** The parts of a word in sh, and of a text in most languages; a variable may have spaces in it. */
const NAME = '(?:\\$\\([^)]*\\)|\\$?\\{[^}]*\\}|`[^`\\n]*`|[^\\s"\'`\\\\/;|&<>(),])+';
/** With fewer letters that stand there, too many names would do. */
const LEAST_LETTERS = 3;

/**
 * Names right below the folder, as `/tmp/app.$$`, `"$dir/app-" + pid` where the folder itself is named too, or
 * `join('/tmp', 'app')`. @returns of a name, whether it may be meant.
 */
export function namesMeant(text: string, folder: string): (name: string) => boolean {
  const place = `(?<![\\w.-])${escaped(folder)}`;
  const isFolderNamed = new RegExp(`${place}(?![\\w./-])`).test(text);
  const written = [
    new RegExp(`${place}/(${NAME})(["'\`]\\s*[+.,]|)`, 'g'),
    ...(isFolderNamed
      ? [
          new RegExp(`(?:\\$\\w+|\\$\\{\\w+\\}|\\{\\w+\\})["']?/(${NAME})(["'\`]\\s*[+.,]|)`, 'g'),
          new RegExp(`${place}["'\`]\\s*[,+]\\s*[fr]?["'\`]/?(${NAME})(["'\`]\\s*[+.,]|)`, 'g'),
        ]
      : []),
  ];
  const patterns = written.flatMap((pattern) =>
    [...text.matchAll(pattern)].flatMap(([, name = '', goesOn = '']) => patternOf(name, goesOn !== '') ?? []),
  );
  return (name) => patterns.some((pattern) => pattern.test(name));
}

function patternOf(written: string, goesOn: boolean): RegExp | undefined {
  const letters = written.split(VARIABLE);
  if (letters.join('').length < LEAST_LETTERS) return undefined;
  return new RegExp(`^${letters.map(escaped).join('.*')}${goesOn ? '.*' : ''}$`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
