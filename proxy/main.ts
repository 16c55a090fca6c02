/** The proxy's process: signals in, exit code out. */

import { runProxy } from './command.ts'

/** How long what is left open may keep the process alive once all was closed. */
const lingerMs = 2000

const stop = new AbortController()
for (const name of ['SIGTERM', 'SIGINT'] as const)
  process.once(name, () => {
    stop.abort()
  })

const io = {
  out: (text: string) => void process.stdout.write(text),
  err: (text: string) => void process.stderr.write(text),
}

process.exitCode = await runProxy(process.argv.slice(2), io, stop.signal)
setTimeout(() => process.exit(), lingerMs).unref()
