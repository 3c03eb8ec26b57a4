// The peer of kokoro_vs_onnxruntime.sh: the int8 file under ONNX Runtime, the same ids and styles.
//   node kokoro_onnxruntime.mjs MODEL.onnx REQUESTS.json THREADS REPEATS
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const [model, requestsFile, threads, repeats] = process.argv.slice(2);
const ort = createRequire(process.cwd() + '/')('onnxruntime-node');
const started = performance.now();
const session = await ort.InferenceSession.create(model, {
  intraOpNumThreads: Number(threads), interOpNumThreads: 1, graphOptimizationLevel: 'all',
});
console.log(`peer load=${((performance.now() - started) / 1000).toFixed(2)}s`);
const idsName = session.inputNames.find((name) => name.includes('id') || name.includes('token'));

for (const { name, ids, style } of JSON.parse(readFileSync(requestsFile))) {
  const feeds = {
    [idsName]: new ort.Tensor('int64', BigInt64Array.from(ids.map(BigInt)), [1, ids.length]),
    style: new ort.Tensor('float32', Float32Array.from(style), [1, 256]),
    speed: new ort.Tensor('float32', Float32Array.from([1]), [1]),
  };
  let best = Infinity, processor = Infinity, audio = 0;
  for (let i = 0; i < Number(repeats); ++i) {
    const clock = performance.now(), before = process.cpuUsage();
    const output = await session.run(feeds);
    const seconds = (performance.now() - clock) / 1000, used = process.cpuUsage(before);
    audio = output[session.outputNames[0]].data.length / 24000;
    best = Math.min(best, seconds / audio);
    processor = Math.min(processor, (used.user + used.system) / 1e6 / audio);
  }
  const memory = process.resourceUsage().maxRSS / 1024;
  console.log(`peer ${name} lanes=1 threads=${threads} audio=${audio.toFixed(2)} rtf=${best.toFixed(3)} ` +
    `processor=${processor.toFixed(3)} peak=${memory.toFixed(0)}MB`);
}
