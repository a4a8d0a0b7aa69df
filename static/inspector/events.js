// The server's stream of changes (server-sent events), and the badge that says
// whether it flows.

const AGAIN = 3000; // milliseconds until a stream that was refused is asked for again

/**
 * Calls changed with each change, and opened whenever the stream has begun.
 * A page that nobody sees has no stream: of one server a browser keeps no more
 * than six connections, and the seventh tab would wait for ever.
 */
export function listen(address, changed, opened) {
  let source = null;
  const close = () => {
    source?.close();
    source = null;
  };
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(address);
    source.addEventListener('open', () => { say('live'); opened(); });
    source.addEventListener('run', (event) => changed(JSON.parse(event.data)));
    source.addEventListener('error', () => {
      say('lost');
      // The browser itself comes back after a break, and not after an answer like 503.
      if (source?.readyState !== EventSource.CLOSED) return;
      close();
      setTimeout(open, AGAIN);
    });
  };
  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  open();
}

// The badge is a live region, so it changes only when there is something to say.
function say(state) {
  const live = document.getElementById('live');
  if (live.dataset.state === state) return;
  live.dataset.state = state;
  const where = live.dataset.where ??= live.querySelector('b').textContent;
  const host = document.createElement('b');
  host.append(where);
  live.querySelector('.say').replaceChildren(...(state === 'live' ? ['Live · every exchange on ', host] : ['Reconnecting…']));
}
