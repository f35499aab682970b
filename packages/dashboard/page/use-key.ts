import { useLayoutEffect } from 'preact/hooks'
import { listen } from './listen.ts'

/** Acts when a key is pressed, alone, and not where the reader writes or answers a dialog. */
export function useKey(key: string, act: () => void): void {
  useLayoutEffect(
    () =>
      listen(document, 'keydown', (event) => {
        const elsewhere = event.target instanceof Element && event.target.matches('input, select, dialog, dialog *')
        if (!(event instanceof KeyboardEvent) || event.key !== key || elsewhere) return
        if (event.ctrlKey || event.metaKey || event.altKey) return
        event.preventDefault()
        act()
      }),
    [],
  )
}
