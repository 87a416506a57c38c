/** The dry run: which file would go where, and whether it may. Nothing is asked of the server. */
import { isAbsolute, resolve } from 'node:path';
import type { HandlerPlan, PlanContext } from '../../agent/handler-api.ts';
import { openSource } from './open-source.ts';
import { MAX_PUT_BYTES, type UploadFileParameters } from './parameters.ts';

export async function planUpload(
  { url, path: asked, maxBytes = MAX_PUT_BYTES }: UploadFileParameters,
  { facts, workDir }: PlanContext,
): Promise<HandlerPlan> {
  const path = resolve(workDir, asked);
  const { origin, pathname } = new URL(url);
  const action = (size: string) => [`upload ${path} (${size}) to ${origin}${pathname}`];
  try {
    const { file, bytes } = await openSource(path, [workDir, ...facts.uploadFolders]);
    await file.close();
    const problems = bytes > maxBytes ? [`${path} has ${bytes} bytes, more than ${maxBytes}`] : [];
    return { actions: action(`${bytes} bytes`), problems };
  } catch (error) {
    // A step before may put it into the working folder.
    const problems = isAbsolute(asked) ? [(error as Error).message] : [];
    return { actions: action('which is not there yet'), problems };
  }
}
