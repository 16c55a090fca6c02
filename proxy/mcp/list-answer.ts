/**
 * The answer to `tools/list` as it goes to the caller: each message that the app sends is read, the
 * result is filtered, and everything is written anew. JSON and SSE alike.
 */

import { JsonError } from '../../spiffe/json/json-error.ts'
import { readJson } from '../../spiffe/json/read.ts'
import { JsonObject, type JsonValue } from '../../spiffe/json/value.ts'
import { writeJson } from '../../spiffe/json/write.ts'
import { isSameId, type RpcId } from './rpc-id.ts'
import { SseReader, writeSseEvent } from './sse.ts'
import { filterToolList } from './tool-list.ts'

export interface ListQuestion {
  readonly id: RpcId
  /** Whether the caller may call this tool, by the policy in force now. */
  readonly isAllowed: (tool: string) => boolean
  readonly maxBytes: number
}

/** An answer that is not one to this question, or cannot be read. */
export class UnreadableAnswerError extends Error {}

/** The canonical, filtered message. Throws UnreadableAnswerError. */
export function filterListMessage(bytes: Uint8Array, question: ListQuestion): Uint8Array {
  const filtered = filterMessage(parse(bytes, question.maxBytes), question)
  if (filtered === undefined) throw new UnreadableAnswerError('the answer is no response')
  return writeJson(filtered)
}

/** The events of a stream, filtered as they come. Throws UnreadableAnswerError. */
export async function* filterListEvents(
  chunks: AsyncIterable<Uint8Array>,
  question: ListQuestion,
): AsyncGenerator<string, void, undefined> {
  const reader = new SseReader(question.maxBytes)
  for await (const chunk of chunks) {
    for (const event of readEvents(reader, chunk)) {
      if (event.data === undefined || event.data === '') yield writeSseEvent(event)
      else {
        const message = parse(Buffer.from(event.data), question.maxBytes)
        const filtered = filterMessage(message, question)
        if (filtered !== undefined)
          yield writeSseEvent({ ...event, data: Buffer.from(writeJson(filtered)).toString() })
      }
    }
  }
}

/** The message that goes on; undefined for a request of the app, which is not carried. */
function filterMessage(message: JsonValue, question: ListQuestion): JsonObject | undefined {
  if (!(message instanceof JsonObject) || message.get('jsonrpc') !== '2.0')
    throw new UnreadableAnswerError('no JSON-RPC message')
  if (message.has('method')) return message.has('id') ? undefined : message
  if (!isSameId(question.id, message.get('id')))
    throw new UnreadableAnswerError('a response to another request')
  if (message.has('error')) {
    if (message.has('result')) throw new UnreadableAnswerError('a result beside an error')
    return message
  }
  const result = filterToolList(message.get('result'), question.isAllowed)
  if (result === undefined) throw new UnreadableAnswerError('no list of tools')
  return message.with('result', result)
}

function readEvents(reader: SseReader, chunk: Uint8Array): ReturnType<SseReader['push']> {
  try {
    return reader.push(chunk)
  } catch (cause) {
    throw new UnreadableAnswerError('unreadable events', { cause })
  }
}

function parse(bytes: Uint8Array, maxBytes: number): JsonValue {
  try {
    return readJson(bytes, { maxBytes })
  } catch (cause) {
    if (cause instanceof JsonError) throw new UnreadableAnswerError(cause.message, { cause })
    throw cause
  }
}
