package seed

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

// asWritten returns a document in the encoding of our own: UTF-8, with LF.
// PowerShell's > and Windows editors write UTF-16 and CRLF, with a byte order
// mark (YAML 1.2 5.2), and the content is the same. Incomplete characters are
// left for the reader to refuse.
func asWritten(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		data = bytes.TrimPrefix(data, []byte("\ufeff"))
	}
	if order != nil && len(data)%2 == 0 {
		units := make([]uint16, 0, len(data)/2)
		for rest := data[2:]; len(rest) > 0; rest = rest[2:] {
			units = append(units, order.Uint16(rest))
		}
		data = []byte(string(utf16.Decode(units)))
	}
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
}
