/**
 * The part of the Reflect metadata API that `@peculiar/x509`'s dependency injection calls. Imported for its effect,
 * before that package; an implementation that is already there is left alone.
 */
type MetadataKey = string | symbol;
interface MetadataReflect {
  getMetadata?: (key: MetadataKey, target: object) => unknown;
  getOwnMetadata?: (key: MetadataKey, target: object) => unknown;
  defineMetadata?: (key: MetadataKey, value: unknown, target: object) => void;
}

const metadata = new WeakMap<object, Map<MetadataKey, unknown>>();
const reflect = Reflect as MetadataReflect;

reflect.getOwnMetadata ??= (key, target) => metadata.get(target)?.get(key);
reflect.getMetadata ??= (key, target) => {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
    const own = metadata.get(at);
    if (own?.has(key)) return own.get(key);
  }
  return undefined;
};
reflect.defineMetadata ??= (key, value, target) => {
  const own = metadata.get(target) ?? new Map<MetadataKey, unknown>();
  metadata.set(target, own.set(key, value));
};
