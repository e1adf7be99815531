/** `<unisson-editor>` in templates of Vue 3: `import type {} from '@unisson/element/vue'`. */
import type { DefineComponent, HTMLAttributes } from 'vue'
import type { TokenProvider, UnissonEditorAttributes, UnissonEditorEventMap } from './index.js'

/** `@token-needed` is `onTokenNeeded` to Vue. */
type Camel<Name extends string> = Name extends `${infer First}-${infer Rest}` ? `${First}${Camel<Capitalize<Rest>>}` : Name
type Events = { [Name in keyof UnissonEditorEventMap as `on${Capitalize<Camel<Name>>}`]?: (event: UnissonEditorEventMap[Name]) => void }

/** With `.prop`: a function is no attribute. */
interface Properties { tokenProvider?: TokenProvider | null }

declare module 'vue' {
  interface GlobalComponents {
    'unisson-editor': DefineComponent<Omit<HTMLAttributes, keyof Events> & UnissonEditorAttributes & Properties & Events>
  }
}
