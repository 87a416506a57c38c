declare const __VERSION__: string | undefined;

/** From package.json, put in by the build; `0.0.0-source` when run without one. */
export const AGENT_VERSION: string = typeof __VERSION__ === 'string' ? __VERSION__ : '0.0.0-source';
