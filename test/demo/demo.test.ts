import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const dist = path.resolve(fileURLToPath(import.meta.url), '../../..')
const demo = path.join(dist, 'examples/inventory/demo.js')
const minutes = 60_000

test('the demo sees in every cell what it expects [DONE-1]', { timeout: 5 * minutes }, async () => {
  const { code, text } = await runDemo([])
  assert.equal(code, 0, text)
  assert.match(text, /every cell as expected/)
})

test('a plain pass-through in place of the proxy fails the demo [DONE-2]', {
  timeout: 5 * minutes,
}, async (t) => {
  // Where the users that it runs as can read it, whoever may read the checkout.
  const folder = await mkdtemp(path.join(tmpdir(), 'pass-through-'))
  t.after(() => rm(folder, { recursive: true }))
  await chmod(folder, 0o755)
  const passThrough = path.join(folder, 'pass-through.mjs')
  await copyFile(path.join(dist, 'test/demo/pass-through.js'), passThrough)
  const { code, text } = await runDemo(['--proxy', passThrough])
  assert.equal(code, 1, text)
  assert.match(text, /RAN !/)
  assert.match(text, /differ from what was expected/)
})

async function runDemo(words: readonly string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [demo, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, text }
}
