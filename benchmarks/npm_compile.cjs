// Milliseconds that npm's mjml takes for the MJML on standard input: the first compile of this process, and the next.
// mjml inlines <mj-style inline="inline"> with juice.
const path = require("path");
const packages = path.join(process.argv[2], "node_modules");
const mjml2html = require(path.join(packages, "mjml"));
require(path.join(packages, "juice"));

const mjml = require("fs").readFileSync(0, "utf8");

async function timed() {
  const started = process.hrtime.bigint();
  const { html } = await mjml2html(mjml, { keepComments: true, noMigrateWarn: true });
  const taken = Number(process.hrtime.bigint() - started) / 1e6;
  if (!html.includes("</html>")) throw new Error("npm mjml made no HTML");
  return taken;
}

(async () => console.log(JSON.stringify([await timed(), await timed()])))();
