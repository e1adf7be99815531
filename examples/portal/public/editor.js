// The page's part of the editor: a token from the session, publishing, and the warning on leaving.
jQuery(function ($) {
  var editor = document.querySelector('unisson-editor')
  var $form = $('#page')
  var $state = $('#state')
  var publishing = false

  // The portal's session decides: who is signed out gets no token.
  editor.tokenProvider = function () {
    return $.get('/api/unisson-token/' + editor.getAttribute('document').split('/')[1]).then(null, function () { return null })
  }

  function unsaved () { return Boolean(editor.session && editor.session.unsaved) }
  function show () { $state.text(unsaved() ? $form.data('unsaved') : $form.data('saved')) }

  $(editor).on('ready', function () { $('#publish').prop('disabled', false); show() })
  $(editor).on('dirty saved', show)
  $(editor).on('refused', function () { if (unsaved()) $state.text($form.data('refused')) })

  // Only what the server calls durable is published.
  $form.on('submit', function (event) {
    if (publishing) return
    event.preventDefault()
    $('#publish').prop('disabled', true)
    $state.text($form.data('publishing'))
    editor.whenSaved().then(function () {
      publishing = true
      $form.find('[name=markdown]').val(editor.toMarkdown())
      $form.trigger('submit')
    }, function () {
      $('#publish').prop('disabled', false)
      $state.text($form.data('refused'))
    })
  })

  // Two ways to leave: the browser's own, and the portal's links.
  $(window).on('beforeunload', function (event) { if (unsaved()) event.preventDefault() })
  $(document).on('click', 'a[href]', function (event) {
    if (unsaved() && !window.confirm($form.data('leave'))) event.preventDefault()
  })
})
