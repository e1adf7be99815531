/** A style sheet as text, by `with { type: 'text' }`. */
declare module '*.css' {
  const text: string
  export default text
}
