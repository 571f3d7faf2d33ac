// SPDX-License-Identifier: BSL-1.0
// Breakers and pipelines of JavaScript, one JSON object a line; see ../README.md.
import { readFileSync } from 'node:fs';
import {
  bulkhead, circuitBreaker, ConsecutiveBreaker, CountBreaker, handleAll, isBrokenCircuitError,
  retry, SamplingBreaker, wrap,
} from 'cockatiel';
import CircuitBreaker from 'opossum';

const CALLS = 100_000;
const WARM_UP = 2;
const REPETITIONS = 5;

const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url))).version;
const COCKATIEL = { peer: 'cockatiel', version: versionOf('cockatiel') };
const OPOSSUM = { peer: 'opossum', version: versionOf('opossum') };

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

// CPU and wall nanoseconds of a call; `work` says, in a promise, whether it went as it should.
async function once(what, work) {
  const wall = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  for (let i = 0; i < CALLS; ++i) {
    if (!(await work())) throw new Error(`${what}: call ${i} went the other way`);
  }
  const used = process.cpuUsage(cpu);
  return {
    cpu: ((used.user + used.system) * 1e3) / CALLS,
    wall: Number(process.hrtime.bigint() - wall) / CALLS,
  };
}

async function measure(library, what, how, work) {
  for (let i = 0; i < WARM_UP; ++i) await once(what, work);
  const samples = [];
  for (let i = 0; i < REPETITIONS; ++i) samples.push(await once(what, work));
  console.log(JSON.stringify({
    ...library,
    what,
    how,
    threads: 1,
    ns_per_op: median(samples.map((s) => s.cpu)),
    wall_ns_per_op: median(samples.map((s) => s.wall)),
  }));
}

const answer = async () => 42;
const forever = 3_600_000;
const breaker = (of) => circuitBreaker(handleAll, { halfOpenAfter: forever, breaker: of });
const byTime = () => breaker(new SamplingBreaker({ threshold: 0.5, duration: 60_000 }));

async function opened() {
  const policy = breaker(new ConsecutiveBreaker(1));
  await policy.execute(async () => { throw new Error('down'); }).catch(() => {});
  return policy;
}

async function cockatiel() {
  const one = (what, how, policy) =>
    measure(COCKATIEL, what, how, async () => (await policy.execute(answer)) === 42);
  const retrying = () => retry(handleAll, { maxAttempts: 3 });
  await one('breaker closed, by calls', 'consecutive failures', breaker(new ConsecutiveBreaker(5)));
  await one('breaker closed, by calls', 'window of 100',
    breaker(new CountBreaker({ threshold: 0.5, size: 100 })));
  await one('breaker closed, by time', 'window of 60 s', byTime());
  const open = await opened();
  await measure(COCKATIEL, 'breaker open', 'execute',
    () => open.execute(answer).then(() => false, isBrokenCircuitError));
  await one('retry, first attempt', 'no budget', retrying());
  await one('bulkhead, free', 'execute', bulkhead(25));
  await one('pipeline', 'retry, breaker', wrap(retrying(), byTime()));
  await one('pipeline', 'retry, breaker, bulkhead', wrap(retrying(), byTime(), bulkhead(25)));
}

async function opossum() {
  const one = async (what, how, options) => {
    const circuit = new CircuitBreaker(answer, { rollingCountTimeout: 60_000, ...options });
    await measure(OPOSSUM, what, how, async () => (await circuit.fire()) === 42);
    circuit.shutdown();
  };
  await one('breaker closed, by time', 'window of 60 s, no timeout', { timeout: false });
  await one('pipeline', 'breaker, capacity, timeout', { timeout: 1000, capacity: 25 });
  const open = new CircuitBreaker(answer, { resetTimeout: forever });
  open.open();
  await measure(OPOSSUM, 'breaker open', 'fire',
    () => open.fire().then(() => false, (error) => error.code === 'EOPENBREAKER'));
  open.shutdown();
}

await measure({ peer: 'Node.js', version: process.version }, 'no rules', 'await of an async function',
  async () => (await answer()) === 42);
await cockatiel();
await opossum();
process.exit(0);  // open breakers keep a timer
