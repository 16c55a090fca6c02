/** Starts a worker thread from a file of ours, from dist and from source alike. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'

/** `file` is relative to the caller, without its ending; `from` is the caller's `import.meta`. */
export function startThread(file: string, from: ImportMeta): Worker {
  const extension = extname(from.filename)
  const url = new URL(`${file}${extension}`, from.url)
  return new Worker(url, extension === '.ts' ? { execArgv: ['--import', sourceLoader()] } : {})
}

/** From source, which tests run, a thread has no loader of TypeScript unless it registers one. */
function sourceLoader(): string {
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const program = `import { register } from ${loader}; register()`
  return `data:text/javascript,${encodeURIComponent(program)}`
}
