import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { createLogger, type Logger, type LogOptions } from './log.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'log-'))
after(() => {
  rmSync(folder, { recursive: true })
})

let files = 0

/** What the use of a logger leaves in its file. */
function logged(options: LogOptions, use: (log: Logger) => void): string {
  const file = path.join(folder, String(files++))
  use(createLogger({ ...options, file }))
  return readFileSync(file, 'utf8')
}

test('a line has time, level, sentence and fields, the error last', () => {
  const text = logged({}, (log) => {
    log.info({ spiffeId: 'spiffe://td/a', count: 3, note: 'two words' }, 'Entry created')
    log.warn({ err: new Error('no such file') }, 'Cannot read')
  })
  const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`
  const [first, second] = text.split('\n')
  assert.match(
    first ?? '',
    new RegExp(`^${time} INFO  Entry created spiffeId=spiffe://td/a count=3 note="two words"$`),
  )
  assert.match(second ?? '', new RegExp(`^${time} WARN  Cannot read error="no such file"$`))
})

test('a field cannot begin a line of its own', () => {
  const text = logged({}, (log) => {
    log.info({ path: 'a\n2026-01-01 INFO forged\u001b[2J' }, 'Denied')
  })
  assert.equal(text.trimEnd().split('\n').length, 1)
  assert.ok(!text.includes('\u001b'))
})

test('JSON is one object per line', () => {
  const text = logged({ format: 'json' }, (log) => {
    log.error({ count: 1 }, 'Failed')
  })
  const { level, msg, count } = JSON.parse(text) as Record<string, unknown>
  assert.deepEqual([level, msg, count], ['error', 'Failed', 1])
})

test('keys and tokens never reach a log', () => {
  for (const format of ['text', 'json'] as const) {
    const text = logged({ format }, (log) => {
      log.info(
        {
          key: 's3cret',
          privateKey: 's3cret',
          token: 's3cret',
          joinToken: 's3cret',
          authorization: 's3cret',
          request: { token: 's3cret', key: 's3cret' },
        },
        'Attested',
      )
    })
    assert.doesNotMatch(text, /s3cret/)
  }
})

test('what is below the level is not written', () => {
  const text = logged({ level: 'warn' }, (log) => {
    log.info('quiet')
    log.warn('loud')
  })
  assert.match(text, /loud/)
  assert.doesNotMatch(text, /quiet/)
})
