const ends = new Set<() => void>()

process.once('exit', () => {
  for (const end of ends) end()
})

/** Does it when this process ends, however that comes about. Returns the function that takes it back. */
export function atExit(end: () => void): () => void {
  ends.add(end)
  return () => ends.delete(end)
}
