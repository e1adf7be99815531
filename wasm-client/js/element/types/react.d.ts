/** `<unisson-editor>` in JSX of React 19: `import type {} from '@unisson/element/react'`. */
import type { DetailedHTMLProps, HTMLAttributes } from 'react'
import type { UnissonEditor, UnissonEditorAttributes, UnissonEditorEventMap } from './index.js'

/** React calls `onsaved` for the event `saved`. */
type Events = { [Name in keyof UnissonEditorEventMap as `on${Name}`]?: (event: UnissonEditorEventMap[Name]) => void }

type Props = Omit<DetailedHTMLProps<HTMLAttributes<UnissonEditor>, UnissonEditor>, keyof UnissonEditorAttributes> & UnissonEditorAttributes & Events

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'unisson-editor': Props
    }
  }
}
