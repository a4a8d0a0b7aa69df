package catalogue

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
)

// left is what the server under test writes and prints, and the secrets that
// it must not hold. It is empty for a foreign process.
var left struct {
	folder string

	mu      sync.Mutex
	secrets map[string]string // value to kind
}

// keep remembers a secret that came by.
func keep(kind, value string) {
	left.mu.Lock()
	defer left.mu.Unlock()
	if left.secrets == nil {
		left.secrets = map[string]string{
			native().verifier: "verifier", web().secret: "client secret", cron().secret: "client secret", "timesheets-gateway-secret": "client secret",
		}
	}
	left.secrets[value] = kind
}

// noticed keeps what a response sets or carries.
func noticed(resp *http.Response) {
	for _, c := range resp.Cookies() {
		if len(c.Value) > 20 {
			keep("cookie", c.Value)
		}
	}
}

// shapes are what only secrets of this server look like.
var shapes = map[string]*regexp.Regexp{
	"authorization code": regexp.MustCompile(`pcc_[A-Za-z0-9_-]{20,}`),
	"request_uri":        regexp.MustCompile(`urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{43}`),
	"device code":        regexp.MustCompile(`pcd_[A-Za-z0-9_-]{20,}`),
	"refresh token":      regexp.MustCompile(`pcr_[A-Za-z0-9_-]{20,}`),
	"registration":       regexp.MustCompile(`pc[ims]_[A-Za-z0-9_-]{20,}`),
	"JWT":                regexp.MustCompile(`eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}`),
	"password":           regexp.MustCompile(`"password":"[^"]|password=timesheets|not the password`),
}

// leaked looks through the database, its log, and all that was printed, after
// the whole suite (OWASP ASVS 11, 13 and 16).
func leaked() (leaks []string) {
	if left.folder == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(left.folder, "*"))
	if err != nil || len(files) < 4 { // database, its log, stdout, stderr
		return []string{fmt.Sprintf("nothing to look through: %v %v", files, err)}
	}
	left.mu.Lock()
	defer left.mu.Unlock()
	if whole := flag.Lookup("test.run").Value.String() == ""; whole && len(left.secrets) < 100 {
		return []string{"hardly a secret came by: the search is broken"}
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			leaks = append(leaks, err.Error())
		}
		for kind, shape := range shapes {
			if at := shape.FindIndex(content); at != nil {
				leaks = append(leaks, fmt.Sprintf("%s holds a %s: …%.60q", filepath.Base(file), kind, content[max(0, at[0]-40):at[0]]))
			}
		}
		for secret, kind := range left.secrets {
			if bytes.Contains(content, []byte(secret)) {
				leaks = append(leaks, fmt.Sprintf("%s holds a %s", filepath.Base(file), kind))
			}
		}
	}
	return leaks
}
