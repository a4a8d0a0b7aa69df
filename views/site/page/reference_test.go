package page

import (
	"strings"
	"testing"

	"github.com/exampleco/punchcard/static"
)

// hostileReference is the page with a stranger's words in every place.
func hostileReference() Reference {
	field := ReferenceField{Name: hostile, In: "query", Type: hostile, Required: true, Rules: []string{hostile}, Choices: []string{hostile, "b"}, Text: hostile, Example: hostile}
	typed := ReferenceField{Name: "entries[].hours_of_the_day", In: "header", Type: "number"}
	body := ReferenceBody{Type: "application/json", Required: true, Text: hostile, Fields: []ReferenceField{field, typed}, Example: hostile}
	op := ReferenceOperation{
		ID: "op-a", Method: "POST", Path: "/api/" + strings.Repeat("long", 30), Summary: hostile, Text: hostile + "\n\n" + hostile,
		Scope: ReferenceScope{Name: hostile, Title: hostile}, Parameters: []ReferenceField{field, typed}, Body: &body,
		Responses: []ReferenceResponse{
			{Status: "200", Text: hostile, Headers: []ReferenceField{field}, Bodies: []ReferenceBody{body, {Type: "text/csv", Example: hostile}}},
			{Status: "default", Text: hostile, Bodies: []ReferenceBody{body}},
		},
		Examples: []ReferenceExample{{"curl", hostile}, {"JavaScript", hostile}, {"Go", hostile}},
	}
	machine := op
	machine.ID, machine.Method, machine.Scope.Machine = "op-b", "DELETE", true
	read, change := machine, machine
	read.ID, read.Method, change.ID, change.Method = "op-c", "GET", "op-d", "PUT"
	return Reference{
		Title: hostile, Version: hostile, Base: "http://localhost:8484", Audience: hostile, DocumentHref: "/api/openapi.json", Issuer: hostile,
		Token:  ReferenceToken{Machine: hostile, Use: hostile, SignInHref: "/try"},
		Scopes: []ReferenceScope{{Name: hostile, Title: hostile}, {Name: "b", Title: "B", Machine: true}},
		Groups: []ReferenceGroup{{ID: "group-a", Title: hostile, Text: hostile, Operations: []ReferenceOperation{op, machine, read, change}}},
		Has:    ReferenceHas{Pages: true, Idempotency: true, Concurrency: true, CSV: true}, Origins: []string{hostile},
		Try: ReferenceTry{Client: hostile, Redirect: hostile, Module: static.Path("docs/try.js")},
	}
}

// WCAG 2.2 2.1.1: what scrolls can be reached by the keyboard, and says what it is.
func TestReferenceBlocksCanBeReached(t *testing.T) {
	for _, pre := range all(draw(t, ReferencePage(hostileReference())), "pre") {
		if attr(pre, "tabindex") != "0" || attr(pre, "aria-label") == "" || attr(pre, "role") != "group" {
			t.Errorf("a block that only a mouse can scroll: %s", text(pre)[:20])
		}
	}
}

// The tabs are radio buttons of one name, so the arrow keys go through them.
func TestReferenceTabsAreOneChoice(t *testing.T) {
	doc := draw(t, ReferencePage(hostileReference()))
	for _, op := range []string{"op-a", "op-b"} {
		tabs := with(doc, "name", "language-"+op)
		if len(tabs) != 3 || !has(tabs[0], "checked") || has(tabs[1], "checked") || has(tabs[2], "checked") {
			t.Errorf("%s has %d tabs, or another one than the first is chosen", op, len(tabs))
		}
	}
}

// Without a script the forms stay hidden, and a line says why.
func TestReferenceSaysWhenTryingNeedsAScript(t *testing.T) {
	doc := draw(t, ReferencePage(hostileReference()))
	form := one(t, doc, "form")
	if !has(form, "hidden") || attr(form, "data-op") != "op-a" {
		t.Error("a form that does nothing is shown, or a machine's operation has one")
	}
	if s := text(one(t, doc, "noscript")); !strings.Contains(s, "needs JavaScript") {
		t.Errorf("without a script it says %q", s)
	}
}
