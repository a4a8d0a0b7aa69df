package edge

import "testing"

// RFC 3986 3.2.2 and 6.2.3, RFC 5890 2.3.2.1: spellings of one host are one.
func TestAuthority(t *testing.T) {
	for _, row := range []struct{ scheme, host, want string }{
		{"http", "localhost:80", "localhost"},
		{"http", "localhost:", "localhost"},
		{"https", "ID.example:443", "id.example"},
		{"https", "id.example:80", "id.example:80"},
		{"http", "id.example:443", "id.example:443"},
		{"http", "LOCALHOST:8484", "localhost:8484"},
		{"https", "bücher.example", "xn--bcher-kva.example"},
		{"https", "BÜCHER.example:443", "xn--bcher-kva.example"},
		{"http", "[::1]:80", "[::1]"},
		{"http", "[0:0:0:0:0:0:0:1]:8484", "[::1]:8484"},
		{"http", "[::1]", "[::1]"},
		{"http", "a_b.example", "a_b.example"},
		{"http", "localhost.", "localhost."}, // another origin to a browser
		{"http", "", ""},
	} {
		if got := Authority(row.scheme, row.host); got != row.want {
			t.Errorf("%s %s: %s, want %s", row.scheme, row.host, got, row.want)
		}
	}
}

// RFC 6454 6.2: an origin does not spell out its scheme's own port.
func TestOrigin(t *testing.T) {
	for uri, want := range map[string]string{
		"http://localhost:80/callback": "http://localhost", "https://App.example:443": "https://app.example", "http://localhost:5173/": "http://localhost:5173",
		"https://bücher.example/x": "https://xn--bcher-kva.example", "com.example.app:/callback": "", "null": "",
	} {
		if got := Origin(uri); got != want {
			t.Errorf("%s: %q, want %q", uri, got, want)
		}
	}
}

func TestOnThisMachine(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "app.localhost": true, "localhost.": true, "127.0.0.1": true, "127.0.0.2": true, "::1": true,
		"localhost.example": false, "127.0.0.1.example": false, "192.0.2.1": false, "id.example": false, "": false, "notlocalhost": false,
	} {
		if OnThisMachine(host) != want {
			t.Errorf("%s: want %v", host, want)
		}
	}
}
