// Trains nlp.js with its Dutch package and ranks messages with it.
// Usage: node measure.js work.json result.json
//   work.json   {"examples": [[text, label], ...], "texts": [text, ...]}
//   result.json {"training_seconds": s, "parse_milliseconds": [ms, ...], "model_bytes": n,
//                "results": [[[label, score], ...], ...]}   every list best first
'use strict';

const fs = require('fs');
const { containerBootstrap, Nlp } = require('@nlpjs/basic');
const { LangNl } = require('@nlpjs/lang-nl');

async function main(workFile, resultFile) {
  const work = JSON.parse(fs.readFileSync(workFile, 'utf8'));
  const container = await containerBootstrap();
  container.use(Nlp);
  container.use(LangNl);
  const nlp = container.get('nlp');
  nlp.settings.autoSave = false;
  nlp.settings.log = false;
  nlp.addLanguage('nl');
  for (const [text, label] of work.examples) nlp.addDocument('nl', text, label);
  let start = process.hrtime.bigint();
  await nlp.train();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const results = [];
  const times = [];
  for (const text of work.texts) {
    start = process.hrtime.bigint();
    const found = await nlp.process('nl', text);
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
    results.push((found.classifications || []).slice(0, 40).map((c) => [c.intent, c.score]));
    if (results.length % 100 === 0) process.stdout.write(`${results.length}\n`);
  }
  const bytes = Buffer.byteLength(nlp.export(true));
  fs.writeFileSync(
    resultFile,
    JSON.stringify({ training_seconds: seconds, parse_milliseconds: times, model_bytes: bytes, results })
  );
}

main(process.argv[2], process.argv[3]).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
