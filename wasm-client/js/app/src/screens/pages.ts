import { html, type TemplateResult } from 'lit'
import { Component } from '../component.js'

export class UnissonPages extends Component {
  protected override render (): TemplateResult { return html`<slot></slot>` }
}
customElements.define('unisson-pages', UnissonPages)
