/** The known name that whoever wrote `name` most likely meant; undefined when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const written = name.slice(0, MAX_COMPARED).toLowerCase();
  let nearest: { readonly candidate: string; readonly edits: number } | undefined;
  for (const candidate of known) {
    const meant = candidate.toLowerCase();
    const edits = editDistance(written, meant);
    if (isNear(written, meant, edits) && edits < (nearest?.edits ?? Infinity)) nearest = { candidate, edits };
  }
  return nearest?.candidate;
}

/** Names are short; comparing costs their lengths multiplied. */
const MAX_COMPARED = 64;

/** Long enough that two names which begin alike are seldom a coincidence: `params`, `timeout`. */
const COMMON_START = 5;

function isNear(written: string, meant: string, edits: number): boolean {
  if (edits <= meant.length / 3) return true;
  if (sortedLetters(written) === sortedLetters(meant)) return true;
  return written.length >= COMMON_START && written.slice(0, COMMON_START) === meant.slice(0, COMMON_START);
}

function sortedLetters(text: string): string {
  return [...text].sort().join('');
}

/** Levenshtein's: how many characters to insert, delete or replace. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  let distance = to.length;
  for (const letter of from) {
    let diagonal = 0;
    const next: number[] = [];
    for (const [index, above] of row.entries()) {
      const replaced = diagonal + (to.charAt(index - 1) === letter ? 0 : 1);
      distance = index === 0 ? above + 1 : Math.min(above + 1, distance + 1, replaced);
      diagonal = above;
      next.push(distance);
    }
    row = next;
  }
  return distance;
}
