import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// The polyfill would be an inline script, which a strict policy refuses.
export default defineConfig({ plugins: [react()], build: { modulePreload: { polyfill: false } } })
