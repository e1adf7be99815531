// What portals of that age do to every page, and an editor in it has to live with.
jQuery(function ($) {
  // Backspace once meant "one page back", and portals took that away.
  $(document).on('keydown', function (event) {
    if (event.which === 8 && !$(event.target).is('input, textarea, select')) event.preventDefault()
  })
  // Keys of the portal's own: "/" searches, "g" goes home, Enter in a page submits nothing.
  $(document).on('keypress', function (event) {
    if ($(event.target).is('input, textarea, select, button, a')) return
    if (event.key === '/') { event.preventDefault(); $('#search').trigger('focus') }
    if (event.key === 'g') { event.preventDefault(); window.location.href = '/' }
    if (event.key === 'Enter') event.preventDefault()
  })
  // Texts may not be copied out of the portal, nor pasted, nor dragged.
  $(document).on('copy cut paste selectstart dragstart contextmenu', function (event) {
    if (!$(event.target).is('input, textarea')) event.preventDefault()
  })
  $('[data-toggle="tooltip"]').tooltip()
})

// Libraries of that age add to what everybody shares, enumerable as it was then.
Array.prototype.contains = function (item) { return this.indexOf(item) >= 0 }
Array.prototype.last = function () { return this[this.length - 1] }
String.prototype.startsLike = function (other) { return this.indexOf(other) === 0 }
