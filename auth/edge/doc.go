// Package edge is between the network and the rooms. It listens on the
// configured address, serves only our own hosts, limits what a request may
// cost, and gives each request an id and a log line. It refuses what HTTP
// itself forbids: a query that cannot be decoded, a method that a path does
// not accept, a content coding that is not supported, a page that is loaded in
// advance. It makes sure that every response arrives, and stops without
// interrupting requests.
package edge
