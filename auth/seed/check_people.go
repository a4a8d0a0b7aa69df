package seed

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/exampleco/punchcard/auth/mailbox"
)

// Password lengths: the minimum in characters, the maximum in bytes.
const (
	minPassword = 8
	maxPassword = 1024
)

// identityScopes are this server's own scopes, OIDC Core 5.4 and 11. They
// belong to no API.
var identityScopes = []string{"openid", "profile", "email", "offline_access"}

// scopeToken matches a scope, RFC 6749 3.3.
var scopeToken = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]{1,100}$`)

func (c *checker) checkAPIs() {
	if len(c.doc.APIs) == 0 && !c.broken["apis"] && !c.broken[""] {
		c.add(c.lineOf("apis"), "apis declares no API; there is nothing to protect")
	}
	identifiers, scopes := map[string]int{}, map[string]int{}
	for i, api := range c.doc.APIs {
		e := c.entry("apis", i, "API", api.Identifier)
		if e.required("identifier", api.Identifier) {
			if problem := identifierProblem(api.Identifier); problem != "" {
				e.bad("identifier", "identifier %s", problem)
			}
			e.unique("identifier", api.Identifier, identifiers)
		}
		if e.required("name", api.Name) {
			e.words("name", api.Name, maxName)
		}
		e.oneOf("signing_alg", api.SigningAlg, "ES256", "RS256")
		if len(api.Scopes) == 0 && e.readable("scopes") {
			e.bad("scopes", "scopes declares no scope; nothing could be allowed")
		}
		for j, scope := range api.Scopes {
			c.checkScope(c.entry(e.path+".scopes", j, "scope", scope.Name), scope, scopes)
		}
	}
}

func (c *checker) checkScope(e entry, scope Scope, seen map[string]int) {
	if e.required("name", scope.Name) {
		switch {
		case !scopeToken.MatchString(scope.Name):
			e.bad("name", `name must be 1 to 100 printable ASCII characters without space, " and \ (RFC 6749 3.3)`)
		case slices.Contains(identityScopes, scope.Name):
			e.bad("name", "name is one of the server's own scopes")
		}
		// People consent to a scope by name, so one name must not give access
		// to two APIs.
		e.unique("name", scope.Name, seen)
	}
	if e.required("title", scope.Title) {
		e.words("title", scope.Title, maxName)
	}
	e.words("description", scope.Description, maxText)
	e.words("warning", scope.Warning, maxText)
}

// declaresScope reports whether an API has the scope, or might have it: an API
// that could not be read has already been reported.
func (c *checker) declaresScope(name string) bool {
	for _, api := range c.doc.APIs {
		if slices.ContainsFunc(api.Scopes, func(s Scope) bool { return s.Name == name }) {
			return true
		}
	}
	return c.unsure("apis", ".scopes", ".name")
}

func (c *checker) checkRoles() {
	seen := map[string]int{}
	for i, role := range c.doc.Roles {
		e := c.entry("roles", i, "role", role.ID)
		e.id("id", role.ID, seen)
		e.words("name", role.Name, maxName)
		e.filled("permissions", role.Permissions, "a role without them gives nothing")
		e.each("permissions", role.Permissions, func(item, name string) {
			if !c.declaresScope(name) {
				e.bad(item, "permission %s is not a scope of any API", clip(name))
			}
		})
	}
}

func (c *checker) checkPeople() {
	ids, emails := map[string]int{}, map[string]int{}
	for i, person := range c.doc.People {
		e := c.entry("people", i, "person", person.ID)
		e.id("id", person.ID, ids)
		if e.required("email", person.Email) {
			c.checkEmail(e, person.Email, emails)
		}
		if e.required("name", person.Name) {
			e.words("name", person.Name, maxName)
		}
		if e.required("password", person.Password) {
			c.checkPassword(e, person.Password)
		}
		e.each("roles", person.Roles, func(item, id string) {
			if !slices.ContainsFunc(c.doc.Roles, func(r Role) bool { return r.ID == id }) && !c.unsure("roles", ".id") {
				e.bad(item, "role %s is not declared", clip(id))
			}
		})
		c.checkBoss(e, person)
	}
	c.checkCycles()
}

func (c *checker) checkBoss(e entry, person Person) {
	if boss := person.ReportsTo; boss != "" && c.indexOf(boss) < 0 && !c.unsure("people", ".id") {
		e.bad("reports_to", "reports_to names %s, and no person has that id", clip(boss))
	}
}

func (c *checker) checkEmail(e entry, email string, seen map[string]int) {
	if problem := mailbox.Problem(email); problem != "" {
		e.bad("email", "email %s", problem)
		return
	}
	// Two addresses that look the same to people must not be two accounts.
	key := mailbox.Key(email)
	if first, ok := seen[key]; ok {
		e.bad("email", "email is already used at line %d; letter case and the spelling of the domain (xn--) make no difference", first)
		return
	}
	seen[key] = e.lineOf(e.path + ".email")
}

func (c *checker) checkPassword(e entry, password string) {
	if n := utf8.RuneCountInString(password); n < minPassword {
		e.bad("password", "password has %d characters, and needs %d", n, minPassword)
	}
	if len(password) > maxPassword {
		e.bad("password", "password is longer than %d bytes", maxPassword)
	}
}

func (c *checker) indexOf(person string) int {
	return slices.IndexFunc(c.doc.People, func(p Person) bool { return p.ID == person })
}

// checkCycles reports each ring of people who report to one another, once, at
// its first member: nobody in it would have a manager at the top.
func (c *checker) checkCycles() {
	done := make([]bool, len(c.doc.People))
	for i := range c.doc.People {
		var way []int
		for j := i; j >= 0 && !done[j]; j = c.boss(j) {
			done[j] = true
			way = append(way, j)
			if start := slices.Index(way, c.boss(j)); start >= 0 {
				c.reportCycle(way[start:])
			}
		}
	}
}

func (c *checker) boss(i int) int {
	if p := c.doc.People[i]; p.ReportsTo != "" {
		return c.indexOf(p.ReportsTo)
	}
	return -1
}

func (c *checker) reportCycle(ring []int) {
	first := slices.Index(ring, slices.Min(ring))
	ring = append(slices.Clone(ring[first:]), ring[:first]...)
	var names []string
	for _, i := range append(ring[1:], ring[0]) {
		names = append(names, c.doc.People[i].ID)
	}
	e := c.entry("people", ring[0], "person", c.doc.People[ring[0]].ID)
	e.bad("reports_to", "reports_to leads back to the same person: %s", strings.Join(names, " → "))
}
