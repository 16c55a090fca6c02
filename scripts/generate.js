// Writes proto/gen: a type for each message and service (proto-loader-gen-types), and the
// descriptors as one JSON text, so that no .proto file is parsed at start.
// With --check it writes nothing and exits 1 when proto/gen is not what it would write.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import protobuf from 'protobufjs'

const files = readdirSync('proto', { recursive: true })
  .filter((name) => name.endsWith('.proto'))
  .sort()

function write(out) {
  const options = ['--longs=String', '--enums=String', '--defaults', '--oneofs']
  const names = ['--importFileExtension=.ts', '--grpcLib=@grpc/grpc-js', '-I', 'proto', '-O', out]
  execFileSync('node_modules/.bin/proto-loader-gen-types', [...options, ...names, ...files])
  for (const file of files)
    rmSync(path.join(out, `${path.basename(file, '.proto')}.ts`), { force: true })
  const root = new protobuf.Root()
  root.resolvePath = (_from, to) => (to.startsWith('google/') ? to : path.join('proto', to))
  const json = JSON.stringify(root.loadSync(files).toJSON())
  const text = `// Written by scripts/generate.js from proto/*.proto.\n\nexport const descriptors: string =\n  '${json.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'\n`
  writeFileSync(path.join(out, 'descriptors.ts'), text)
}

function contents(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.ts'))
  return new Map(names.sort().map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]))
}

const scratch = mkdtempSync(path.join(tmpdir(), 'countersign-gen-'))
try {
  const out = path.join(scratch, 'gen')
  write(out)
  if (process.argv.includes('--check')) {
    const wanted = contents(out)
    const found = contents('proto/gen')
    const stale = [...new Set([...wanted.keys(), ...found.keys()])].filter(
      (name) => wanted.get(name) !== found.get(name),
    )
    if (stale.length > 0) {
      console.error(`proto/gen is stale (${stale.join(', ')}): run make generate`)
      process.exitCode = 1
    }
  } else {
    rmSync('proto/gen', { recursive: true, force: true })
    cpSync(out, 'proto/gen', { recursive: true })
  }
} finally {
  rmSync(scratch, { recursive: true })
}
