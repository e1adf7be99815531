import { svg, type TemplateResult } from 'lit'

/** Strokes on a field of 24 by 24. */
const STROKES = {
  plus: 'M12 5v14M5 12h14',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
  closed: 'M10 7.500l4.500 4.500L10 16.500',
  opened: 'M7.500 10l4.500 4.500L16.500 10',
  star: 'M12 4.500l2.300 4.700 5.200.8-3.800 3.600.9 5.200L12 16.300l-4.600 2.500.9-5.200L4.500 10l5.200-.8z',
  lock: 'M7 11h10a1.500 1.500 0 0 1 1.500 1.500v6A1.500 1.500 0 0 1 17 20H7a1.500 1.500 0 0 1-1.500-1.500v-6A1.500 1.500 0 0 1 7 11zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  eye: 'M3 12s3.500-6 9-6 9 6 9 6-3.500 6-9 6-9-6-9-6zM12 9.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5zM5 4l14 16',
  pen: 'M5 19l1-4L15.500 5.500a2 2 0 0 1 3 3L9 18zM14 7l3 3',
  up: 'M12 19V6M6.500 11 12 5.500l5.500 5.500',
  down: 'M12 5v13M6.500 13l5.500 5.500 5.500-5.500',
  deeper: 'M5 5v8a3 3 0 0 0 3 3h10M14 11.500l4.500 4.500-4.500 4.500',
  out: 'M19 19v-8a3 3 0 0 0-3-3H6M10 12.500 5.500 8 10 3.500',
  move: 'M12 4v16M4 12h16M9.500 6.500 12 4l2.500 2.500M9.500 17.500 12 20l2.500-2.500M6.500 9.500 4 12l2.500 2.500M17.500 9.500 20 12l-2.500 2.500',
  trash: 'M5 7h14M10 7V5h4v2M7 7l.8 12h8.400L17 7M10.500 10.500v5.500M13.500 10.500v5.500',
  people: 'M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3.500 19c0-3 2.500-5 5.500-5s5.500 2 5.500 5M15.500 11a2.700 2.700 0 1 0-1-5.200M16 14c2.600.2 4.500 2.200 4.500 5',
  link: 'M10 14a4 4 0 0 0 5.700 0l3-3a4 4 0 0 0-5.700-5.700l-1.200 1.200M14 10a4 4 0 0 0-5.700 0l-3 3A4 4 0 0 0 11 18.700l1.200-1.200',
  history: 'M4.500 12a7.500 7.500 0 1 0 2.300-5.400M4 4.500v4h4M12 8v4.500l3 2',
  copy: 'M9 8.500h9.500V20H9zM15 8.500V4.500H5.500V16H9',
  check: 'M5 5h14v14H5zM8.500 12l2.500 2.500 5-5',
  undo: 'M8 5 4 9l4 4M4.500 9H14a5 5 0 0 1 0 10h-3'
} as const

export type IconName = keyof typeof STROKES

/** A picture that says nothing by itself: what it stands on has a name. */
export const icon = (name: IconName): TemplateResult =>
  svg`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${STROKES[name]}></path></svg>`
