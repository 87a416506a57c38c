import { join } from 'node:path';

/** Where the local API listens, and where `job-agent status` asks. */
export function localApiSocket({ runtimeDir }: { readonly runtimeDir: string }): string {
  return join(runtimeDir, 'agent.sock');
}
