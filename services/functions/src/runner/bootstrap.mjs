// Runs a Node.js function: asks the runtime API for events and calls the handler with each.

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import util from 'node:util';
import { pathToFileURL } from 'node:url';

const api = new URL(`http://${process.env.AWS_LAMBDA_RUNTIME_API}`);
const root = process.env.LAMBDA_TASK_ROOT || process.cwd();
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
let requestId = '';
let reporting = false;

function call(method, where, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = {
      agent, method, headers, hostname: api.hostname, port: api.port,
      path: `/2018-06-01/runtime/${where}`,
    };
    if (body !== undefined) options.headers = { ...headers, 'Content-Length': body.length };
    const request = http.request(options, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(parts) }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

class Fault extends Error {
  constructor(kind, message) {
    super(message);
    this.name = kind;
  }
}

// A path as it would be in the cloud, where the code lies in /var/task.
const shown = (text) =>
  text.split(pathToFileURL(root).href).join('file:///var/task').split(root).join('/var/task');

function errorOf(error) {
  if (error instanceof Error || util.types.isNativeError(error)) {
    const trace = shown(String(error.stack ?? '')).split('\n');
    return { errorType: String(error.name), errorMessage: String(error.message), trace };
  }
  const message = typeof error === 'string' ? error : util.format(error);
  return { errorType: typeof error, errorMessage: message, trace: [] };
}

function report(where, error) {
  const kind = error.errorType.replace(/[^\x21-\x7e]/g, '_').slice(0, 1024);
  const headers = {
    'Content-Type': 'application/json', 'Lambda-Runtime-Function-Error-Type': kind,
  };
  return call('POST', where, Buffer.from(JSON.stringify(error)), headers);
}

function patchConsole() {
  const write = (level, args) => {
    const text = util.format(...args);
    fs.writeSync(1, `${new Date().toISOString()}\t${requestId || 'undefined'}\t${level}\t${text}\n`);
  };
  const levels = {
    log: 'INFO', info: 'INFO', debug: 'DEBUG', warn: 'WARN', error: 'ERROR', trace: 'TRACE',
  };
  for (const [name, level] of Object.entries(levels)) {
    console[name] = (...args) => write(level, args);
  }
}

function locate(name) {
  const match = /^(.*?)([^/.]+)\.([^/]+)$/.exec(name);
  if (!match) throw new Fault('Runtime.MalformedHandlerName', `Bad handler ${name}`);
  const [, folder, file, exported] = match;
  const base = path.resolve(root, folder, file);
  const found = ['', '.js', '.mjs', '.cjs'].map((end) => base + end).find(
    (candidate) => fs.statSync(candidate, { throwIfNoEntry: false })?.isFile());
  if (!found) {
    throw new Fault('Runtime.ImportModuleError', `Error: Cannot find module '${folder}${file}'`);
  }
  return { found, exported };
}

async function load(name) {
  const { found, exported } = locate(name);
  let module;
  try {
    module = await import(pathToFileURL(found).href);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new Fault('Runtime.UserCodeSyntaxError', `SyntaxError: ${error.message}`);
    }
    if (error?.code === 'ERR_MODULE_NOT_FOUND' || error?.code === 'MODULE_NOT_FOUND') {
      throw new Fault('Runtime.ImportModuleError', shown(`Error: ${error.message}`));
    }
    throw error;
  }
  const dig = (from) => exported.split('.').reduce((value, key) => value?.[key], from);
  const handler = dig(module) ?? dig(module.default);
  if (typeof handler !== 'function') {
    throw new Fault('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  }
  return handler;
}

function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const client = headers['lambda-runtime-client-context'];
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    idempotencyKey: headers['idempotency-key'],
    clientContext: client ? JSON.parse(client) : undefined,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

// Calls the handler in whichever style it is written: a promise, a callback, or neither.
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    const emptied = () => resolve(null);
    process.once('beforeExit', emptied);
    const end = (error, value) => {
      process.removeListener('beforeExit', emptied);
      error === undefined || error === null ? resolve(value) : reject(error);
    };
    // With callbackWaitsForEmptyEventLoop, the answer to a callback leaves once nothing is pending.
    const callback = (error, value) => {
      if (!context.callbackWaitsForEmptyEventLoop) return end(error, value);
      process.removeListener('beforeExit', emptied);
      process.once('beforeExit', () => end(error, value));
    };
    context.done = callback;
    context.succeed = (value) => callback(null, value);
    context.fail = (error) => callback(error ?? new Error('null'));
    try {
      const result = handler(event, context, callback);
      if (typeof result?.then === 'function') {
        result.then((value) => end(null, value), (error) => end(error ?? new Error(String(error))));
      } else if (result !== undefined && handler.length < 3) {
        end(null, result);
      }
    } catch (error) {
      end(error ?? new Error(String(error)));
    }
  });
}

function toPayload(value) {
  try {
    return Buffer.from(JSON.stringify(value === undefined ? null : value) ?? 'null');
  } catch {
    throw new Fault('Runtime.MarshalError', 'Unable to stringify response body');
  }
}

async function serveOne(handler) {
  const next = await call('GET', 'invocation/next');
  const context = contextOf(next.headers);
  requestId = context.awsRequestId;
  const trace = next.headers['lambda-runtime-trace-id'];
  if (trace) process.env._X_AMZN_TRACE_ID = trace;
  let payload;
  try {
    payload = toPayload(await run(handler, JSON.parse(next.body.toString()), context));
  } catch (thrown) {
    const error = errorOf(thrown);
    console.error('Invoke Error', JSON.stringify(error));
    await report(`invocation/${requestId}/error`, error);
    return;
  }
  const headers = { 'Content-Type': 'application/json' };
  await call('POST', `invocation/${requestId}/response`, payload, headers);
}

// An error that no handler caught ends the process; whoever waits is told what it was.
async function crash(thrown, code) {
  if (reporting) return;
  reporting = true;
  const error = errorOf(thrown);
  console.error('Uncaught Exception', JSON.stringify(error));
  try {
    await report(requestId ? `invocation/${requestId}/error` : 'init/error', error);
  } finally {
    process.exit(code);
  }
}

process.on('uncaughtException', (error) => crash(error, 129));
process.on('unhandledRejection', (reason) => {
  const message = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
  crash(new Fault('Runtime.UnhandledPromiseRejection', message), 128);
});

async function main() {
  let handler;
  try {
    handler = await load(process.env._HANDLER ?? '');
  } catch (error) {
    return crash(error, 1);
  }
  for (;;) {
    try {
      await serveOne(handler);
    } catch {
      // The server closed the connection: nobody is left to work for.
      process.exit(1);
    }
  }
}

patchConsole();
main();
