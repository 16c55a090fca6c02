/** `proxy run` and `proxy validate` as a person meets them: words, places, exit codes. */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { runProxy } from '../../proxy/command.ts'

let folder: string

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'proxy-command-'))
})

after(async () => {
  await rm(folder, { recursive: true })
})

async function run(
  words: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const io = {
    out: (text: string) => {
      out += text
    },
    err: (text: string) => {
      err += text
    },
    env: {},
  }
  return { code: await runProxy(words, io, signal), out, err }
}

async function file(text: string): Promise<string> {
  const name = path.join(folder, 'proxy.yaml')
  await writeFile(name, text)
  return name
}

const good = `proxy:
  trust_domain: example.org
  agent_socket_path: /nonexistent/api.sock
  agent_proxy_socket_path: /nonexistent/proxy.sock
  data_dir: /nonexistent/data
  log_file: /dev/null
  outbound: [{listen: "127.0.0.1:0", app: inventory, address: "127.0.0.1:9443"}]
`

test('a valid file is said to be valid', async () => {
  const name = await file(good)
  for (const flags of [['-config', name], [`--config=${name}`]]) {
    const { code, out } = await run(['validate', ...flags])
    assert.equal(code, 0)
    assert.equal(out, 'The proxy configuration file is valid.\n')
  }
})

test('a wrong file is refused with file, line and column by both commands [BAD-2]', async () => {
  const name = await file(good.replace('data_dir', 'data_dri'))
  for (const command of ['validate', 'run']) {
    const { code, err } = await run([command, '-config', name])
    assert.equal(code, 1)
    assert.ok(err.includes(`${name}:5:3: unknown key "proxy.data_dri"`), err)
  }
})

test('a missing file, an unknown flag and an unknown command are refused [BAD-1]', async () => {
  const missing = await run(['run', '-config', path.join(folder, 'none.yaml')])
  assert.equal(missing.code, 1)
  assert.match(missing.err, /cannot read .*none\.yaml/)
  const flag = await run(['run', '-colour', 'red'])
  assert.equal(flag.code, 1)
  assert.match(flag.err, /flag provided but not defined: -colour/)
  assert.equal((await run(['walk'])).code, 1)
})

test('a proxy that waits for its agent ends when it is told to', async () => {
  const stopping = new AbortController()
  const running = run(['run', '-config', await file(good)], stopping.signal)
  setTimeout(() => {
    stopping.abort()
  }, 200)
  assert.equal((await running).code, 0)
})
