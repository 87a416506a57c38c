// Bundles every program into one file each: a Raspberry Pi loads one file several times faster than a tree of modules.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { consoleDefine } from './console-files.mjs';
import { createDist } from './dist-files.mjs';
import { examplesDefine } from './handler-examples.mjs';
import { buildHandlerTypes } from './handler-types.mjs';

const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));

/** What handlers are written against, and tested with. */
const handlerApi = {
  'handler-api': 'agent/handler-api.ts',
  testing: 'agent/testing/testing.ts',
};

const programs = {
  ...handlerApi,
  'job-agent': 'agent/main.ts',
  'job-cloud': 'local-cloud/main.ts',
  demo: 'demo/main.ts',
  'generate-docs': 'scripts/generate-docs.ts',
  bench: 'bench/main.ts',
  // Not shipped: they test the programs beside them.
  'test-chaos': 'test/chaos/main.ts',
  'test-power': 'test/power/main.ts',
  'test-download': 'test/download/main.ts',
  'test-disk': 'test/disk/main.ts',
  'test-explore': 'test/explore/main.ts',
  'test-link': 'test/link/main.ts',
  'test-simulation': 'test/simulation/main.ts',
  'test-soak': 'test/soak/main.ts',
  'test-full': 'test/full/main.ts',
  'test-fuzz': 'test/fuzz/main.ts',
  'test-aws': 'test/conformance/main.ts',
  'test-nodes': 'test/nodes/main.ts',
};

// An optional peer dependency with a native binary is loaded at run time, and only when it is configured.
const external = ['aws-iot-device-sdk-v2', 'aws-crt', '@aws-sdk/client-iot', '@aws-sdk/client-iot-jobs-data-plane'];

/** Few jobs run it, and every process holds its text: so that is kept short, by two thirds. */
const shortYaml = {
  name: 'short-yaml',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]yaml[/\\]dist[/\\]index\.js$/ }, async ({ path }) => {
      const options = {
        bundle: true,
        minify: true,
        write: false,
        format: 'cjs',
        platform: 'node',
        target: 'node20.19',
      };
      const { outputFiles } = await build({ entryPoints: [path], ...options });
      return { contents: outputFiles[0].text, loader: 'js' };
    });
  },
};

const define = { __VERSION__: JSON.stringify(version), ...(await consoleDefine()), ...(await examplesDefine()) };

const dist = createDist(fileURLToPath(new URL('../dist', import.meta.url)));
for (const [name, entry] of Object.entries(programs)) {
  if (!existsSync(new URL(`../${entry}`, import.meta.url))) continue;
  // An image is built without the tests, and the reference reads what they hold.
  if (name === 'generate-docs' && !existsSync(new URL('../test/conformance', import.meta.url))) continue;
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    entryPoints: [entry],
    outfile: `dist/${name}.js`,
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    external,
    plugins: [shortYaml],
    define,
    // Some bundled packages are CommonJS and call require for Node's own modules.
    banner: {
      js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
    },
    legalComments: 'linked',
    logLevel: 'warning',
  });
  for (const { path, text } of outputFiles) {
    const isProgram = path.endsWith('.js');
    await dist.put(basename(path), isProgram ? ascii(text) : text, isProgram ? 0o755 : 0o644);
  }
}
if (!(await buildHandlerTypes(Object.values(handlerApi), dist))) {
  console.warn('no TypeScript compiler for this machine: built without dist/types');
}
await dist.removeOthers();

/**
 * esbuild leaves characters beyond ASCII in comments of packages only. With a single one beyond Latin-1, V8 keeps two bytes for
 * every character of the file, and each process is 20 MB larger.
 */
function ascii(text) {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
