export interface Dist {
  /** @param path within the folder. */
  put(path: string, content: string | Uint8Array, mode?: number): Promise<void>;
  removeOthers(): Promise<void>;
}

export function createDist(folder: string): Dist;
