package views

// Start is the page at /: what this is and how to use it.
type Start struct {
	Issuer       string
	Version      string
	SignedInName string // "" for nobody
	SignInHref   string // begins the demo flow; "" where it cannot come back
	SignOutHref  string
	AccountHref  string // what the person who is signed in has allowed; "" where there is no such page
	AppHref      string // the phone app; "" where there is none
	DocsHref     string // the API's reference; "" where there is none
	WatchHref    string // the inspector; "" where there is none
	People       []StartPerson
	Clients      []StartClient
	Registered   []StartClient // those that registered themselves, the newest first
	MoreClients  int           // of those, how many are left out
	Endpoints    []StartEndpoint
	Commands     []StartCommand
}

// StartPerson can sign in. The password is set only if it is public.
type StartPerson struct {
	Name, Email, Role, Initials, Password string
}

// StartClient may ask for tokens. The secret is set only if it is public.
type StartClient struct {
	ID, Name, Kind, Description, Secret string
	Redirects, Scopes                   []string
	Expires                             string // when one that registered itself is gone, unless it is used
}

// StartEndpoint is one path of the server.
type StartEndpoint struct {
	Methods, Path, Spec string
}

// StartCommand can be pasted into a terminal.
type StartCommand struct {
	Title, Text, Shell string
}
