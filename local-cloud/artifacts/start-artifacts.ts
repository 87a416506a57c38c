/** The artifact store of a data folder: `DIR/artifacts/BUCKET/KEY`, served over HTTPS. */
import { join } from 'node:path';
import { GENERATED_UPLOADS_BUCKET } from '../substitution/upload-placeholders.ts';
import { type ArtifactServer, type ArtifactServerOptions, startArtifactServer } from './artifact-server.ts';
import { type ObjectStore, openObjectStore } from './object-store.ts';

export interface Artifacts extends ArtifactServer {
  readonly store: ObjectStore;
}

export async function startArtifacts(
  dataDir: string,
  options: Omit<ArtifactServerOptions, 'store'>,
): Promise<Artifacts> {
  const store = await openObjectStore(join(dataDir, 'artifacts'), [GENERATED_UPLOADS_BUCKET]);
  return { store, ...(await startArtifactServer({ ...options, store })) };
}
