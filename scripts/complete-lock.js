// Completes package-lock.json after `npm install`.
//
// Packages with native parts list one optional package for each platform. npm leaves out of the lock
// file those that the registry at hand does not serve, and `npm ci` then refuses the file. Nothing of
// another platform is ever fetched, so its name, version and platform are all that `npm ci` needs.
import { readFileSync, writeFileSync } from 'node:fs'

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
  'windows',
  'wasi',
]
const processors = [
  'arm64',
  'armv7',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'x64',
  'wasm32',
]

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
let added = 0
for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const version = range.replace(/^[~^]/, '')
    const found = [`${place}/node_modules/${name}`, `node_modules/${name}`].find(
      (at) => lock.packages[at],
    )
    if (place === '' || (found && lock.packages[found].version === version)) continue
    const at = found ? `${place}/node_modules/${name}` : `node_modules/${name}`
    lock.packages[at] = {
      version,
      ...platform(name),
      ...(entry.dev && { dev: true }),
      optional: true,
    }
    added++
  }
}
const [root, ...rest] = Object.entries(lock.packages)
lock.packages = Object.fromEntries([root, ...rest.sort(([a], [b]) => (a < b ? -1 : 1))])
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${added} packages of other platforms added`)

function platform(name) {
  const words = name.split('/').at(-1).split(/[-.]/)
  const os = systems.find((system) => words.includes(system)) ?? 'none'
  const cpu = processors.find((processor) => words.includes(processor)) ?? 'none'
  const libc = words.some((word) => word.startsWith('musl')) ? { libc: ['musl'] } : {}
  return { os: [os === 'windows' ? 'win32' : os], cpu: [cpu], ...libc }
}
