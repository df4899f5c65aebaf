import variant from '@jitl/quickjs-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  Scope,
} from 'quickjs-emscripten-core';
import { declaredFunctions, extractCode } from '../../evaluation/codeAnswer.ts';
import { endWithParent } from '../endWithParent.ts';

// A program of its own, which the engine kills when an answer does not end: it is sent answers one by one, and sends a
// Verdict on each. It says 'ready' first.

export interface CodeGrade {
  passed: boolean;
  /** The test that did not pass. Absent where the answer failed before the first test. */
  failed?: string;
  /** Why, where there is more to say than that the test is not true. */
  error?: string;
}

/** An answer to grade. */
export interface CodeJob {
  source: string;
  tests: readonly string[];
  /** Of the processor's time: on a busy machine an answer waits for it, which is no fault of its own. */
  timeoutMs: number;
}

export interface Verdict {
  grade: CodeGrade;
  /** WebAssembly has failed, which leaves its memory in an unknown state: this process grades nothing more. */
  isBroken: boolean;
}

/** More of QuickJS's stack than this and the stack of WebAssembly itself overflows first, which breaks the module. */
const stackBytes = 256 * 1024;
/** A single allocation. QuickJS built for WebAssembly does not know how large what it allocated is, and adds up nothing. */
const allocationBytes = 32 * 1024 * 1024;
/** All that QuickJS has, which is what limits an answer's memory: its program's data and stack, and the heap. */
const memoryBytes = 64 * 1024 * 1024;
const pageBytes = 64 * 1024;
/** What Emscripten gives the module to begin with. */
const initialBytes = 16 * 1024 * 1024;

const unsettled = 'the promise is never settled';

endWithParent();
const module = await newQuickJSWASMModuleFromVariant(
  newVariant(variant, {
    wasmMemory: new WebAssembly.Memory({ initial: initialBytes / pageBytes, maximum: memoryBytes / pageBytes }),
  }),
);
/** A context in which nothing has run but the judge, for one answer. */
interface Court {
  scope: Scope;
  runtime: QuickJSRuntime;
  context: QuickJSContext;
  judge: QuickJSHandle;
}

function openCourt(): Court {
  const scope = new Scope();
  const runtime = scope.manage(module.newRuntime());
  runtime.setMemoryLimit(allocationBytes);
  runtime.setMaxStackSize(stackBytes);
  const context = scope.manage(runtime.newContext());
  const judge = run(scope, context, judgeSource);
  if ('error' in judge) throw new Error(judge.error);
  return { scope, runtime, context, judge: judge.value };
}

function verdictOn(court: Court, job: CodeJob): Verdict {
  try {
    const grade = gradeIn(court, job);
    court.scope.dispose();
    return { grade, isBroken: false };
  } catch (cause) {
    // Its own stack can overflow in QuickJS's parser.
    const error = `the sandbox failed: ${cause instanceof Error ? cause.message : String(cause)}`;
    return { grade: { passed: false, error }, isBroken: true };
  }
}

function gradeIn({ scope, runtime, context, judge }: Court, { source, tests, timeoutMs }: CodeJob): CodeGrade {
  const began = process.cpuUsage();
  const isLate = () => {
    const { user, system } = process.cpuUsage(began);
    return user + system > timeoutMs * 1000;
  };
  // QuickJS asks every 10,000 calls and loop turns of its bytecode, but not within calls of built-in methods; for those
  // the process is killed. It stops what it runs when this is true; within its own promise code that surfaces as other
  // errors than 'interrupted', so what counts is that it was stopped.
  let stopped = false;
  runtime.setInterruptHandler(() => {
    stopped ||= isLate();
    return stopped;
  });
  const timeText = `took more than ${timeoutMs} ms`;
  const tell = (error: string) => {
    const late = error === unsettled && isLate();
    return late || stopped ? timeText : error;
  };

  for (const test of tests) {
    const added = call(scope, context, judge, 'add', test);
    if ('error' in added) {
      const error = stopped ? timeText : `the test cannot be read: ${added.error}`;
      return { passed: false, failed: test, error };
    }
  }

  const answer = runAnswer(scope, context, extractCode(source), tests);
  if ('error' in answer) return { passed: false, error: tell(answer.error) };

  for (const [i, test] of tests.entries()) {
    const result = settle(scope, runtime, context, call(scope, context, judge, 'run', i));
    if ('error' in result) return { passed: false, failed: test, error: tell(result.error) };
    // What is stopped within a promise that nobody waits for is no error of the test.
    if (stopped) return { passed: false, failed: test, error: timeText };
    if (context.typeof(result.value) !== 'boolean' || context.dump(result.value) !== true) {
      return { passed: false, failed: test };
    }
  }
  return { passed: true };
}

type Outcome = { value: QuickJSHandle } | { error: string };

/** Runs the answer and gives it the name `__answer` where a test asks for that. */
function runAnswer(scope: Scope, context: QuickJSContext, code: string, tests: readonly string[]): Outcome {
  if (!tests.some(test => /\b__answer\b/u.test(test))) return run(scope, context, code);
  const names = declaredFunctions(code);
  if (names.length > 1) return { error: `the answer declares ${names.length} functions: ${names.join(', ')}` };
  if (names.length === 0) {
    const bare = code.replace(/;\s*$/u, '');
    return run(scope, context, `globalThis.__answer = (${bare}\n)`);
  }
  const declared = run(scope, context, code);
  return 'error' in declared ? declared : run(scope, context, `globalThis.__answer = ${names[0]}`);
}

function run(scope: Scope, context: QuickJSContext, code: string): Outcome {
  return take(scope, context, context.evalCode(code, 'answer.js', { type: 'global' }));
}

function call(scope: Scope, context: QuickJSContext, judge: QuickJSHandle, method: string, argument: string | number) {
  const handle = typeof argument === 'string' ? context.newString(argument) : context.newNumber(argument);
  const target = scope.manage(context.getProp(judge, method));
  return take(scope, context, context.callFunction(target, context.undefined, scope.manage(handle)));
}

/** The value of a promise, or the outcome itself where it is none. */
function settle(scope: Scope, runtime: QuickJSRuntime, context: QuickJSContext, outcome: Outcome): Outcome {
  if ('error' in outcome || context.typeof(outcome.value) !== 'object') return outcome;
  const jobs = runtime.executePendingJobs();
  if (jobs.error) return { error: messageOf(jobs.error.context, scope.manage(jobs.error)) };
  const state = context.getPromiseState(outcome.value);
  if (state.type === 'fulfilled') return { value: scope.manage(state.value) };
  if (state.type === 'rejected') return { error: messageOf(context, scope.manage(state.error)) };
  return { error: unsettled };
}

function take(scope: Scope, context: QuickJSContext, result: ReturnType<QuickJSContext['evalCode']>): Outcome {
  if (!result.error) return { value: scope.manage(result.value) };
  return { error: messageOf(context, scope.manage(result.error)) };
}

/** Of what was thrown only texts leave QuickJS: all of an object could be more than this process holds. */
function messageOf(context: QuickJSContext, error: QuickJSHandle): string {
  const message = textOf(context, error, 'message');
  const text =
    message === undefined ? thrown(context, error) : `${textOf(context, error, 'name') ?? 'Error'}: ${message}`;
  return text.slice(0, 300);
}

function textOf(context: QuickJSContext, value: QuickJSHandle, property: 'name' | 'message'): string | undefined {
  if (context.typeof(value) !== 'object' || context.sameValue(value, context.null)) return undefined;
  return context
    .getProp(value, property)
    .consume(found => (context.typeof(found) === 'string' ? context.getString(found) : undefined));
}

function thrown(context: QuickJSContext, value: QuickJSHandle): string {
  const type = context.typeof(value);
  if (type === 'string') return `thrown: ${context.getString(value)}`;
  if (type === 'number' || type === 'boolean') return `thrown: ${String(context.dump(value))}`;
  return `thrown: ${type !== 'object' ? type : context.sameValue(value, context.null) ? 'null' : '[object Object]'}`;
}

/**
 * Evaluated first in every context. Freezes what is built in and gives `{ add(test), run(index) }`.
 * Objects that inherit from a frozen one cannot be assigned a property of the same name (`error.message = …`,
 * `Foo.prototype.toString = …`), which honest code does: on the prototypes where that is usual such properties become
 * accessors that define the property on the object itself (as in Agoric's SES, "override mistake").
 */
const judgeSource = `(() => {
  'use strict';
  // Names of the answer's own (const Object = …) would otherwise be what this code sees later.
  const { Array, Date, Error, Function, JSON, Map, Object, Reflect, RegExp, Set, String } = globalThis;
  globalThis.console = {};
  for (const level of ['log', 'info', 'warn', 'error', 'debug']) console[level] = () => {};

  const allowOverrides = (proto, keys) => {
    for (const key of keys) {
      const found = Object.getOwnPropertyDescriptor(proto, key);
      if (!found || !('value' in found) || !found.configurable) continue;
      const { value, enumerable } = found;
      Object.defineProperty(proto, key, {
        enumerable,
        configurable: false,
        get() { return value; },
        set(next) {
          if (this === proto) throw new TypeError('built-in objects are frozen');
          Object.defineProperty(this, key, { value: next, writable: true, enumerable: true, configurable: true });
        },
      });
    }
  };
  const names = Object.getOwnPropertyNames(globalThis).filter(name => !['undefined', 'NaN', 'Infinity', 'eval'].includes(name));
  allowOverrides(Object.prototype, Object.getOwnPropertyNames(Object.prototype).filter(key => key !== '__proto__'));
  for (const name of names) {
    const proto = typeof globalThis[name] === 'function' && globalThis[name].prototype;
    if (proto && proto !== Object.prototype) allowOverrides(proto, ['constructor', 'name', 'message', 'toString', 'valueOf']);
  }

  const frozen = new Set([globalThis]);
  const { freeze, getOwnPropertyDescriptor, getPrototypeOf, hasOwn, preventExtensions } = Object;
  const visit = value => {
    if (typeof value === 'function') {
      // The hundreds of methods hold nothing but a name and a length: so much for speed.
      if (!hasOwn(value, 'prototype')) return void preventExtensions(value);
    } else if (typeof value !== 'object' || value === null) return;
    if (frozen.has(value)) return;
    frozen.add(value);
    freeze(value);
    visit(getPrototypeOf(value));
    const keys = Reflect.ownKeys(value);
    for (let i = 0; i < keys.length; i++) {
      const found = getOwnPropertyDescriptor(value, keys[i]);
      if (found.get) preventExtensions(found.get);
      else visit(found.value);
    }
  };
  for (const name of Object.getOwnPropertyNames(globalThis)) visit(globalThis[name]);
  // What no global leads to: the functions with a syntax of their own, and iterators.
  const unnamed = [function* () {}, async () => {}, async function* () {}, (function* () {})(), (async function* () {})(),
    [][Symbol.iterator](), ''[Symbol.iterator](), new Map().entries(), new Set().values(), 'a'.matchAll(/a/g),
    [].values().map(x => x), Iterator.from({ next() {} })];
  for (const sample of unnamed) visit(getPrototypeOf(sample));

  // An object of the answer's may have methods and properties of its own that say something else of it.
  const { call } = Function.prototype;
  const by = method => call.bind(method);
  const getter = (of, name) => by(Object.getOwnPropertyDescriptor(of.prototype, name).get);
  const getTime = by(Date.prototype.getTime);
  const facts = ['source', 'global', 'ignoreCase', 'multiline', 'dotAll', 'unicode', 'sticky']
    .map(name => getter(RegExp, name));
  const [eachOfMap, eachOfSet] = [by(Map.prototype.forEach), by(Set.prototype.forEach)];
  const entriesOf = (each, of) => {
    const entries = [];
    each(of, (value, key) => entries.push([key, value]));
    return entries;
  };

  let asserted = 0;
  const fail = text => { throw new Error('assertion failed' + (text ? ': ' + text : '')); };
  const show = value => {
    try { return String(typeof value === 'object' ? JSON.stringify(value) : value).slice(0, 80); } catch { return typeof value; }
  };
  const same = (a, b) => {
    if (Object.is(a, b) || a === b) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    if (b instanceof Date) return Object.is(getTime(a), getTime(b));
    if (b instanceof RegExp) return facts.every(fact => fact(a) === fact(b));
    if (b instanceof Map || b instanceof Set) {
      const each = b instanceof Map ? eachOfMap : eachOfSet;
      return same(entriesOf(each, a), entriesOf(each, b));
    }
    if (Array.isArray(a) !== Array.isArray(b) || (Array.isArray(b) && a.length !== b.length)) return false;
    const keys = Object.keys(b);
    return Object.keys(a).length === keys.length && keys.every(key => Object.hasOwn(a, key) && same(a[key], b[key]));
  };
  const assert = (value, text) => { asserted++; if (!value) fail(text); };
  const equal = (got, expected) => {
    asserted++;
    if (!(Object.is(got, expected) || got === expected)) fail('expected ' + show(expected) + ', got ' + show(got));
  };
  const deepEqual = (got, expected) => {
    asserted++;
    if (!same(got, expected)) fail('expected ' + show(expected) + ', got ' + show(got));
  };
  const throws = body => {
    asserted++;
    try { body(); } catch { return; }
    fail('nothing was thrown');
  };
  Object.assign(assert, { ok: assert, equal, strictEqual: equal, deepEqual, deepStrictEqual: deepEqual, throws });

  const locals = [...names, 'assert'];
  const values = [...names.map(name => globalThis[name]), assert];
  const compiled = [];
  const verdict = value => value === true || (value === undefined && asserted > 0);
  return {
    add(test) {
      const Kind = /\\bawait\\b/.test(test) ? (async () => {}).constructor : Function;
      let body;
      try { body = new Kind(...locals, '"use strict"; return (' + test + '\\n);'); }
      catch { body = new Kind(...locals, '"use strict"; ' + test); }
      compiled.push({ body, waits: Kind !== Function });
    },
    run(index) {
      asserted = 0;
      const { body, waits } = compiled[index];
      const value = body(...values);
      return waits ? value.then(verdict) : verdict(value);
    },
  };
})()`;

let next = openCourt();
process.on('message', (job: CodeJob) => {
  const verdict = verdictOn(next, job);
  process.send!(verdict);
  // Made while the engine does something else: it takes much longer than most answers.
  if (!verdict.isBroken) next = openCourt();
});
process.send!('ready');
