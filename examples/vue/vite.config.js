import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

export default defineConfig({
  // Vue must not look for a component of that name.
  plugins: [vue({ template: { compilerOptions: { isCustomElement: (tag) => tag === 'unisson-editor' } } })],
  // The polyfill would be an inline script, which a strict policy refuses.
  build: { modulePreload: { polyfill: false } }
})
