/** A rule and the test that holds it, by file and title: `test/rules/named-tests.test.ts` finds each of them. */

export interface TestLink {
  /** From the root of the repository. */
  readonly file: string;
  /** As it stands in the source: of a table of cases the pattern. */
  readonly title: string;
  /** The title of the `describe` round it, where the title alone says too little. */
  readonly within: string | null;
}

/** What is known in the tests of a folder: `core('recover')('is told INTERRUPTED…', 'a run that was interrupted')`. */
export type TestsOf = (title: string, within?: string) => TestLink;

export function testsOf(file: string): TestsOf {
  return (title, within) => ({ file: `test/${file}.test.ts`, title, within: within ?? null });
}

/** For a page in `docs/`. */
export function renderTestLinks(links: readonly TestLink[]): string {
  return links
    .map(({ file, title, within }) => `[${within === null ? '' : `${within} › `}${title}](../${file})`)
    .join('<br>');
}
