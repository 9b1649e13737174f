// Bundles scripts and styles into the package; names are stable, the server adds the build's hash to their addresses.
import { build } from "esbuild";
import { copyFile, rename, rm } from "node:fs/promises";

const dist = "../src/newsletter/web/dist";
const outdir = `${dist}.new`; // beside it: a studio that runs is never without its scripts
await rm(outdir, { recursive: true, force: true });
await build({
  entryPoints: ["src/studio.ts", "src/composer.ts", "src/editor.ts", "src/crop.ts", "src/studio.css", "src/public.css"],
  outdir,
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "linked",
  conditions: ["production"],
  chunkNames: "chunk-[hash]",
  logLevel: "warning",
});
for (const [from, to] of [
  ["data/caniemail.json", "caniemail.json"], // what mail programs show, for the checks
  ["LICENSE", "caniemail.LICENSE.txt"],
])
  await copyFile(`node_modules/caniemail/${from}`, `${outdir}/${to}`);
await rm(dist, { recursive: true, force: true });
await rename(outdir, dist);
