// The files of the web console as the server gives them out: its TypeScript as one script, HTML and CSS as they are.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = new URL('../local-cloud/console/page/', import.meta.url);

/** By the path under which it is served. */
export async function consoleFiles() {
  const script = await build({
    entryPoints: [fileURLToPath(new URL('main.ts', folder))],
    bundle: true,
    write: false,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    logLevel: 'warning',
  });
  const [html, css] = await Promise.all(
    ['index.html', 'console.css'].map((name) => readFile(new URL(name, folder), 'utf8')),
  );
  return { '/console': html, '/console/console.css': css, '/console/console.js': script.outputFiles[0].text };
}

/** For `define` of esbuild and of Vite: `local-cloud/console/serve-console.ts` reads it. */
export async function consoleDefine() {
  return { __CONSOLE_FILES__: JSON.stringify(await consoleFiles()) };
}
