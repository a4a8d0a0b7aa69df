package seed

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

// asWritten is the text of a document as our own is written: UTF-8, with LF.
// PowerShell's > and Windows' editors make UTF-16 and CRLF of it, with a mark at
// its beginning (YAML 1.2 5.2), and the document says the same. What has half a
// character in it is left for the reader to refuse.
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
