/** What a handler's module declares, asked once for each content of the files that it is made of. */
import { stat } from 'node:fs/promises';
import type { LoadedFile } from './handler-host-request.ts';
import type { AskModule, NotAsked } from './module-asker.ts';
import type { CheckDeclaration, CheckedDeclaration } from './module-declaration.ts';

export type DescribedModule =
  | ({ readonly kind: 'described' } & CheckedDeclaration)
  | { readonly kind: 'refused'; readonly reasonCode: string; readonly reason: string }
  | NotAsked;

/** Never rejects. @param path absolute, without links; checked for owner and mode. */
export type DescribeModule = (path: string, operation: string) => Promise<DescribedModule>;

/** Of modules that are kept: more than a gateway has. */
const MAX_KEPT = 64;

interface Kept {
  readonly files: readonly LoadedFile[];
  readonly described: DescribedModule;
}

/** Only what is well declared is kept: a fault may be of the moment, such as a library that is being upgraded. */
export function createModuleDescriber(ask: AskModule, check: CheckDeclaration): DescribeModule {
  const kept = new Map<string, Kept>();
  return async (path, operation) => {
    const key = `${operation}\n${path}`;
    const known = kept.get(key);
    kept.delete(key); // and to the end: the first is the one that was not used longest
    if (known !== undefined && (await isUnchanged(known.files))) {
      kept.set(key, known);
      return known.described;
    }
    const asked = await ask(path, { ask: 'describe' });
    if (asked.kind !== 'answered') return asked;
    const checked = check(asked.value, operation);
    if (typeof checked === 'string') {
      return { kind: 'refused', reasonCode: 'HANDLER_MODULE_INVALID', reason: `${path}: ${checked}` };
    }
    const described: DescribedModule = { kind: 'described', ...checked };
    // Without its files nobody would notice that one has changed.
    if (asked.files.some((file) => file.path === path)) kept.set(key, { files: asked.files, described });
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_KEPT) break;
      kept.delete(oldest);
    }
    return described;
  };
}

async function isUnchanged(files: readonly LoadedFile[]): Promise<boolean> {
  for (const { path, stamp } of files) {
    if ((await stampOf(path)) !== stamp) return false;
  }
  return true;
}

/** As the handler host makes it. */
async function stampOf(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats && [stats.mtimeNs, stats.ctimeNs, stats.size, stats.ino].join(':');
}
