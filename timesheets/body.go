package timesheets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	jsonType = "application/json"
	maxBody  = 1 << 20          // bytes
	maxNames = 100              // in one object
	maxName  = 100              // bytes
	maxItems = 10000            // in one array
	bodyTime = 10 * time.Second // a body that trickles in for longer holds nobody up

	bodyForm = "application/json, at most 1 MiB"
)

// init, because huma keeps this switch for the whole process: without it a
// field in other letter case passes for the one that is meant.
func init() { huma.ValidateStrictCasing = true }

// jsonFormat is huma's JSON. encoding/json would let a duplicate name, bad
// UTF-8 and other letter case through, where two readers of one body can
// disagree about what it says.
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		return json.MarshalWrite(w, v, jsontext.AllowInvalidUTF8(true)) // a row that was damaged by hand must not take the whole list down
	},
	Unmarshal: func(data []byte, v any) error {
		if err := json.Unmarshal(data, v); err != nil {
			return malformed(data, err)
		}
		if tree, ok := v.(*any); ok { // huma's first look; the second is into the operation's type
			return bounded(*tree)
		}
		return nil
	},
}

// bounded refuses objects that only an attacker sends: huma reports each
// unknown name with a path that grows by the dots in those before it, so that
// a body of 1 MiB could take gigabytes to refuse.
func bounded(v any) error {
	switch v := v.(type) {
	case []any:
		if len(v) > maxItems {
			return fmt.Errorf("an array has more than %d items", maxItems)
		}
		for _, item := range v {
			if err := bounded(item); err != nil {
				return err
			}
		}
	case map[string]any:
		if len(v) > maxNames {
			return fmt.Errorf("an object has more than %d names", maxNames)
		}
		for name, item := range v {
			if len(name) > maxName {
				return fmt.Errorf("a name is longer than %d bytes", maxName)
			}
			if err := bounded(item); err != nil {
				return err
			}
		}
	}
	return nil
}

// malformed says what is wrong with the JSON without quoting any of it.
func malformed(data []byte, err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		// RFC 8259 8.1: a byte order mark MUST NOT be added to the beginning.
		return errors.New("it begins with a byte order mark")
	case !utf8.Valid(data):
		return errors.New("it is not valid UTF-8")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errors.New("a name occurs twice in one object")
	case errors.As(err, &syntax):
		return fmt.Errorf("syntax error at byte %d", syntax.ByteOffset)
	}
	return errors.New("a value is out of range")
}

// readBody is the middleware for operations that take a body: it makes sure of
// its type and size, and that huma gets all of it or nothing.
func (a *API) readBody(ctx huma.Context, next func(huma.Context)) {
	op := ctx.Operation()
	if op.RequestBody == nil {
		next(ctx)
		return
	}
	r, w := humago.Unwrap(ctx)
	body, p := receive(w, r, op.RequestBody.Required)
	if p != nil {
		a.check(ctx.Context(), rules.JSONBody, false, bodyForm, p.Title)
		p.write(w)
		return
	}
	a.check(ctx.Context(), rules.JSONBody, true, bodyForm, fmt.Sprintf("%d bytes", len(body)))
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.Header.Set("Content-Type", jsonType) // huma would not know it by its other spellings
	next(ctx)
}

// receive reads the body. An empty one needs no type where it may be left out.
func receive(w http.ResponseWriter, r *http.Request, required bool) ([]byte, *problem) {
	typed := isJSON(r.Header["Content-Type"])
	if required && !typed {
		return nil, unsupportedType()
	}
	if r.ContentLength > maxBody {
		return nil, tooLarge()
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) // where the server can do it
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	var capped *http.MaxBytesError
	var slow net.Error
	switch {
	case len(body) > maxBody, errors.As(err, &capped):
		return nil, tooLarge()
	case errors.As(err, &slow) && slow.Timeout():
		return nil, newProblem(http.StatusRequestTimeout, "The body did not arrive in time.").with("Connection", "close")
	case err != nil:
		return nil, newProblem(http.StatusBadRequest, "The body could not be read.").with("Connection", "close")
	case len(body) > 0 && !typed:
		return nil, unsupportedType()
	}
	return body, nil
}

// isJSON wants exactly one Content-Type. A form or plain text is what another
// site's page can send without asking, so nothing but JSON is guessed at.
func isJSON(header []string) bool {
	if len(header) != 1 {
		return false
	}
	media, _, err := mime.ParseMediaType(header[0])
	return err == nil && media == jsonType
}

func unsupportedType() *problem {
	// RFC 9110 15.5.16: the answer can name what would have been accepted.
	return newProblem(http.StatusUnsupportedMediaType, "Send the body as Content-Type: application/json.").with("Accept", jsonType)
}

// tooLarge closes the connection, once the answer can be read: the edge drops a
// bounded rest of the body, and more is not worth reading.
func tooLarge() *problem {
	return newProblem(http.StatusRequestEntityTooLarge, "The body is larger than 1 MiB.").with("Connection", "close")
}
