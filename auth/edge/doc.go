// Package edge stands between the network and the rooms: it listens where the
// address says, serves only the hosts that are ours, caps what a request may
// cost, names and logs each request, and stops without cutting anybody off.
package edge
