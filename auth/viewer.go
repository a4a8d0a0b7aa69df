package auth

import (
	"context"
	"net/http"
	"slices"

	"github.com/exampleco/punchcard/auth/seed"
)

// Viewer is who looks at this server's own pages.
type Viewer struct {
	Name    string // "" where nobody is signed in
	Manager bool   // has the role "manager", or somebody reports to them
}

// roleManager is the role, as a document calls it, that may see what others do.
const roleManager = "manager"

// Viewer returns the person signed in to this browser, the zero Viewer for
// nobody. Errors: those of the file.
func (s *Server) Viewer(r *http.Request) (Viewer, error) {
	who, err := s.signedIn(r)
	if err != nil || who == nil {
		return Viewer{}, err
	}
	reports, err := s.people.Reports(r.Context(), who.ID)
	if err != nil {
		return Viewer{}, err
	}
	manager := len(reports) > 0 || slices.ContainsFunc(s.document.People, func(p seed.Person) bool {
		return p.ID == who.ID && slices.Contains(p.Roles, roleManager)
	})
	return Viewer{Name: who.Name, Manager: manager}, nil
}

// ClientName is what a client calls itself, "" for one that is not known here.
// Of one that has registered itself nobody has checked it.
func (s *Server) ClientName(id string) string {
	client, err := s.store.Client(context.Background(), id)
	if err != nil {
		return ""
	}
	return client.Name
}
