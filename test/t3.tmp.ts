import { loadBase } from '../src/experiment/base.ts';
import { openModel } from '../src/engine/runtime/openModel.ts';
import { allLogits } from '../src/engine/runtime/model.ts';
const L='/root/.cache/multi-lora-workbench/bench/node-llama-cpp/3.22.1/node_modules/node-llama-cpp/dist/index.js';
const { getLlama } = await import(L);
const llama = await getLlama({ gpu:false, build:'never', progressLogs:false, logLevel:'error' as never });
for (const f of process.argv.slice(2)) {
  let t=performance.now();
  const base = await loadBase(f, {cacheFolder:'/tmp/gg'});
  const t1=performance.now()-t; t=performance.now();
  const model = await openModel(base, 2);
  const text='The quick brown fox jumps over the lazy dog. In 1969, 12 people walked on the moon; def add(a, b):\n    return a + b\n';
  const ids=base.text().tokenizer.encode(text);
  const ours = await allLogits(model, ids, {});
  console.log(f,'import',t1,'open+first',performance.now()-t);
  const V=base.config.vocab;
  t=performance.now();
  const m = await llama.loadModel({ modelPath: f });
  const ctx = await m.createContext({ contextSize: 512, batchSize:512, threads:2, experimentalKvCacheKeyType:'F32', experimentalKvCacheValueType:'F32' });
  const native = ctx._ctx; native.setThreads(2);
  const sampler = new llama._bindings.AddonSampler(m._model); sampler.applyConfig({temperature:0});
  native.initBatch(ids.length);
  const at = native.addToBatch(0,0,Uint32Array.from(ids), Uint32Array.from(ids.map((_: number,i: number)=>i)));
  await native.decodeBatch();
  let worst=0, big=0;
  for (let i=0;i<ids.length;i+=Math.max(1,Math.floor(ids.length/6))) {
    const [,, ,logits] = await native.sampleToken(at[i], sampler, false,false,true);
    const own = ours.subarray(i*V,(i+1)*V);
    let d=0,mx=0; for (let j=0;j<V;j++){ d=Math.max(d,Math.abs(own[j]!-logits[j])); mx=Math.max(mx,Math.abs(logits[j])); }
    const arg=(x: ArrayLike<number>)=>{let b=0; for(let j=1;j<V;j++) if(x[j]!>x[b]!) b=j; return b;};
    worst=Math.max(worst,d); big=Math.max(big,mx);
    console.log(i, 'diff', d.toFixed(4), 'max', mx.toFixed(2), arg(own), arg(logits));
  }
  console.log('relative', worst/big, 'llama load+run', performance.now()-t);
  await ctx.dispose(); await m.dispose(); await model.dispose();
}
