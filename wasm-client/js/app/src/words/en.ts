import type { CommonWords } from '../words.js'

export const english: CommonWords = {
  save: 'Save',
  cancel: 'Cancel',
  close: 'Close',
  remove: 'Remove',
  retry: 'Try again',
  loading: 'Loading…',
  done: 'Done',
  failed: 'That did not work.',
  refusals: {
    unreachable: 'The server does not answer. Nothing was changed: try again in a moment.',
    unauthorized: 'Sign in first.',
    role: 'Your role here does not allow that.',
    'last-owner': 'A space needs an owner: make somebody else one first.',
    precondition: 'Somebody else has just changed this. You see it as it is now.',
    'page-place': 'The page cannot go there.',
    'not-in-space': 'It is not there any more.',
    'no-such-space': 'There is no such space, or you may not see it.',
    'space-full': 'The space is full.',
    'too-many-requests': 'Too much at once: try again in a moment.',
    unavailable: 'The server cannot store anything just now. Nothing was changed: try again in a moment.',
    busy: 'The server has a lot to do: try again in a moment.'
  }
}
