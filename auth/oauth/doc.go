// Package oauth is the vocabulary of the authorization server: what an OAuth
// error says, how a request's parameters are read, what a scope list is, and
// how values are made that nobody can guess. It decides nothing and answers
// nothing: the rooms that do share these words and not one another.
//
// Reading order: error.go, page.go, form.go, bearer.go, scope.go, random.go,
// rules.go.
package oauth
