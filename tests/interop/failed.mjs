//! A reporter of Node's test runner that names the files of failed tests, one a line.

export default async function * failed (events) {
  const told = new Set()
  for await (const { type, data } of events) {
    if (type !== 'test:fail' || data.file === undefined || told.has(data.file)) continue
    told.add(data.file)
    yield `${data.file}\n`
  }
}
