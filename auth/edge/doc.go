// Package edge stands between the network and the rooms: it listens where the
// address says, serves only the hosts that are ours, caps what a request may
// cost, names and logs each request, refuses what HTTP itself forbids (a query
// that cannot be decoded, a method that a path does not take, a coding that is
// not served, a page that is loaded in advance), lets every answer arrive, and
// stops without cutting anybody off.
package edge
