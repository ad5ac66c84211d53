// Times the reference implementation: cases on standard input, nanoseconds on standard output.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [reference, rounds, roundMs] = process.argv.slice(-3);
const jsonata = createRequire(import.meta.url)(reference);
const cases = JSON.parse(readFileSync(0, "utf8"));
const datasets = new Map();

function documentOf({ dataset, data }) {
  if (!dataset) return data ?? undefined;
  if (!datasets.has(dataset)) datasets.set(dataset, JSON.parse(readFileSync(dataset, "utf8")));
  return datasets.get(dataset);
}

async function best(call) {
  let best = Infinity;
  for (let round = 0; round < Number(rounds); round++) {
    const start = process.hrtime.bigint();
    let calls = 0;
    let spent = 0;
    while (calls === 0 || spent < Number(roundMs) * 1e6) {
      await call();
      calls++;
      spent = Number(process.hrtime.bigint() - start);
    }
    best = Math.min(best, spent / calls);
  }
  return best;
}

const timed = [];
for (const one of cases) {
  try {
    const input = documentOf(one);
    const expression = jsonata(one.text);
    const evaluate = () => expression.evaluate(input, one.bindings);
    await evaluate();
    timed.push({ compile: await best(() => jsonata(one.text)), evaluate: await best(evaluate) });
  } catch {
    timed.push(null);
  }
}
process.stdout.write(JSON.stringify(timed));
