// Reads one JSON string of MJML a line, writes one JSON object {html, errors} or {failed} a line.
const path = require("path");
const mjml2html = require(path.join(process.argv[2], "node_modules", "mjml"));

require("readline").createInterface({ input: process.stdin }).on("line", async (line) => {
  let answer;
  try {
    const { html, errors } = await mjml2html(JSON.parse(line), { keepComments: true, noMigrateWarn: true });
    answer = { html, errors: errors.map((error) => error.formattedMessage || error.message) };
  } catch (error) {
    answer = { failed: String(error.message || error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
