package oauth

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
)

// The prefixes tell a reader, and a secret scanner, what was leaked.
const (
	CodePrefix         = "pcc_"
	RefreshPrefix      = "pcr_"
	DeviceCodePrefix   = "pcd_"
	ClientIDPrefix     = "reg_" // of a client that registered itself
	SecretPrefix       = "pcs_" // its secret
	RegistrationPrefix = "pcm_" // manages the registration
	InitialPrefix      = "pci_" // allows one
)

// RequestURIPrefix begins every request_uri of ours, as RFC 9126 2.2 suggests.
const RequestURIPrefix = "urn:ietf:params:oauth:request_uri:"

// RandomToken has 256 bits, RFC 6749 10.10 asks for a guess to succeed with
// at most 2^-128.
func RandomToken(prefix string) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24: it ends the program instead
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// RegisteredItself tells by its form that this server has given out a client_id
// to an app that registered itself.
func RegisteredItself(id string) bool { return strings.HasPrefix(id, ClientIDPrefix) }
