/** The one script of an embedding page. Everything else has a name that changes with its content. */
void import('./element.js')
