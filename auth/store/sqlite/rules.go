package sqlite

import "github.com/exampleco/punchcard/auth/ledger"

// rules lists what must hold before a file is served.
var rules = struct {
	Ours, Private, OwnLog, Sound ledger.Rule
	SchemaKnown                  ledger.Rule
	Version, Pragmas             ledger.Rule
}{
	Ours: ledger.Rule{
		ID: "file-application-id", Must: "The file has the application id of Punchcard.", Clause: "sqlite.org/fileformat.html 1.3",
		Why: "Another program's file would be changed, and could be ruined.",
	},
	Private: ledger.Rule{
		ID: "file-owner-only", Must: "Only its owner may open the file.", Clause: "OWASP ASVS 13.3.2",
		Why: "The file holds the private signing keys. Whoever can read them can make a token for anybody.",
	},
	OwnLog: ledger.Rule{
		ID: "file-own-log", Must: "The write-ahead log beside the file belongs to it.", Clause: "sqlite.org/howtocorrupt.html 1.4",
		Why: "The pages of another file's log would be written into this one, and damage it.",
	},
	Sound: ledger.Rule{
		ID: "file-quick-check", Must: "SQLite finds no damage in the file.", Clause: "sqlite.org/pragma.html#pragma_quick_check",
		Why: "Each write to a damaged file can destroy more of it.",
	},
	SchemaKnown: ledger.Rule{
		ID: "file-schema-known", Must: "This program knows every migration that the file has had.",
		Why: "An older program would write rows that a newer one cannot read.",
	},
	Version: ledger.Rule{
		ID: "sqlite-version", Must: "The program contains a version of SQLite that is not known to damage files.", Clause: "sqlite.org/wal.html",
		Why: "Older versions can lose the end of a write-ahead log when two connections write at the same moment.",
	},
	Pragmas: ledger.Rule{
		ID: "sqlite-pragmas", Must: "Every connection has the settings that it was opened with.",
		Why: "SQLite ignores a misspelt setting without a word. A connection could then lose what it has acknowledged.",
	},
}

// Rules lists the rules of this room.
func Rules() []ledger.Rule { return ledger.Rules(rules) }
