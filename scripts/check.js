// `make check`: each check in turn, its output only when it fails.
import { spawnSync } from 'node:child_process'

const checks = [
  ['format and syntax', 'npx', 'biome', 'ci', '--colors=off', '--error-on-warnings', '.'],
  ['generated code', process.execPath, 'scripts/generate.js', '--check'],
  [
    'types',
    process.execPath,
    'node_modules/typescript-native/bin/tsc',
    '-p',
    'tsconfig.json',
    '--noEmit',
    '--incremental',
    'false',
  ],
  ['type-aware lint', 'npx', 'eslint', '.'],
  ['boundaries', process.execPath, 'scripts/boundaries.js'],
  ['dead code', 'npx', 'knip'],
]

let failed = 0
for (const [name, command, ...args] of checks) {
  const started = Date.now()
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`)
  if (status === 0) continue
  failed++
  console.log(stdout + stderr)
}
process.exitCode = failed === 0 ? 0 : 1
