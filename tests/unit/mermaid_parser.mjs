// Parses diagrams with Mermaid itself: `node mermaid_parser.mjs FOLDER`, FOLDER holding node_modules with mermaid and
// jsdom; a JSON list of diagrams on standard input. Exit code 1 if one of them does not parse.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
const require = createRequire(process.argv[2] + "/package.json");
const { JSDOM } = require("jsdom");
const { window } = new JSDOM("");
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import(pathToFileURL(process.argv[2] + "/node_modules/mermaid/dist/mermaid.core.mjs"));
const diagrams = JSON.parse(readFileSync(0, "utf8"));
let failed = 0;
for (const text of diagrams) {
  try { const r = await mermaid.parse(text); console.log(JSON.stringify(r)); } catch (e) { failed++; console.error(String(e.message || e)); }
}
process.exit(failed ? 1 : 0);
