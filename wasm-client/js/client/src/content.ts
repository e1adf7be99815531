import { Content } from '@unisson/session'

/** Reads the engine's flat ranges: the count of inserted ones, then client, start and end of each. */
export const contentFrom = (numbers: Float64Array): Content => {
  const content = new Content()
  const [inserted = 0] = numbers
  for (let index = 0; index * 3 + 3 < numbers.length; index += 1) {
    const [client = 0, start = 0, end = 0] = numbers.subarray(index * 3 + 1)
    const set = index < inserted ? content.inserts : content.deletes
    set.add(client, start, end)
  }
  return content
}
