// Checks the JSON Schema as an editor does, with the npm package yaml-language-server:
//   node tests/schema/check.mjs MODULES SCHEMA
// MODULES is the folder where `npm install yaml-language-server` put its node_modules, SCHEMA
// what `drover schema` printed. Run it from the top of the repository. Good documents (examples
// and every keeps.yaml of tests/golden/spec) must be clean; a breaks.yaml must be flagged where
// the code is one of shape; the codes that need meaning are listed below with the reason.
// The last line is "N passed, N failed".
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const [modules, schemaFile] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, "x.js"));
const { getLanguageService } = require("yaml-language-server");
const { TextDocument } = require("vscode-languageserver-textdocument");

// What no schema can say: files and bytes, limits, meaning over several fields.
const beyond = new Set([
  "V002", "V003", "V004", "V005", "V006", "V008", "V010", "V011", "V013", "V014",
  "V033", "V035", "V043", "V044",
]);
const firstMeaning = 50; // codes from here on are rules of meaning
// Forms that a pattern describes only roughly.
const rough = new Set(["V002-file-too-large", "V007-tag", "V012-leading-zero", "V023-beyond-64-bits",
  "V023-sync-point-too-often", "V042-stuck-duration-too-short"]);

const uri = "file:///drover.schema.json";
const service = getLanguageService({
  schemaRequestService: async () => fs.readFileSync(schemaFile, "utf8"),
  workspaceContext: { resolveRelativePath: (relative) => relative },
});
service.configure({
  validate: true, hover: false, completion: false, format: false, customTags: [],
  isKubernetes: false, yamlVersion: "1.2",
  schemas: [{ uri, fileMatch: ["*.yaml"], schema: JSON.parse(fs.readFileSync(schemaFile, "utf8")) }],
});

async function findings(file) {
  const text = fs.readFileSync(file, "utf8");
  const doc = TextDocument.create("file:///" + path.resolve(file), "yaml", 1, text);
  return (await service.doValidation(doc, false)).map(
    (d) => `${file}:${d.range.start.line + 1}:${d.range.start.character + 1}: ${d.message}`);
}

let passed = 0, failed = 0;
function count(good, what) {
  if (good) passed++;
  else { failed++; console.log("FAIL " + what); }
}

const cases = "tests/golden/spec";
const good = fs.readdirSync("examples/quickstart").filter((f) => f.endsWith(".yaml"))
  .map((f) => "examples/quickstart/" + f);
const bad = [];
for (const name of fs.readdirSync(cases).sort()) {
  const code = name.split("-")[0];
  const keeps = path.join(cases, name, "keeps.yaml"), breaks = path.join(cases, name, "breaks.yaml");
  const whole = !fs.existsSync(path.join(cases, name, "keeps.gen")); // the rest is generated
  if (whole && fs.existsSync(keeps)) good.push(keeps);
  const shape = Number(code.slice(1)) < firstMeaning && !beyond.has(code) && !rough.has(name);
  if (shape && fs.existsSync(breaks)) bad.push(breaks);
}
for (const file of good) {
  const found = await findings(file);
  count(found.length === 0, "good, but flagged: " + found.join("\n     "));
}
for (const file of bad) count((await findings(file)).length > 0, "bad, but not flagged: " + file);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed || !bad.length ? 1 : 0);
