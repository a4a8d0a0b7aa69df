// Package tab completes the command line in bash, zsh and fish. Each
// shell gets a few lines that ask the program itself, so what is offered is
// what kong would take, in every version of it.
package tab

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Script prints what a shell needs.
type Script struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is printed below the usage of punchcard completion.
func (Script) Help() string {
	return `Once, in a file that your shell reads at its start:

  bash  source <(punchcard completion bash)            in ~/.bashrc
  zsh   source <(punchcard completion zsh)             in ~/.zshrc, below compinit
  fish  punchcard completion fish | source             in ~/.config/fish/config.fish`
}

// Run prints the script.
func (s Script) Run(k *kong.Context) error {
	_, err := io.WriteString(k.Stdout, scripts[s.Shell])
	return err
}

var scripts = map[string]string{
	"bash": `_punchcard() {
	local IFS=$'\n'
	COMPREPLY=($(punchcard complete bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o bashdefault -o default -F _punchcard punchcard
`,
	"zsh": `_punchcard() {
	local -a found
	local line
	for line in "${(@f)$(punchcard complete zsh "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
		[[ -n $line ]] && found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
	done
	if (( $#found )); then _describe punchcard found; else _files; fi
}
compdef _punchcard punchcard
`,
	"fish": `function __punchcard
	set -l found (punchcard complete fish (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
	if test (count $found) -gt 0
		printf '%s\n' $found
	else
		__fish_complete_path (commandline -ct)
	end
end
complete -c punchcard -f -a '(__punchcard)'
`,
}

// Words answers the scripts. Its last word is the one that is being typed.
type Words struct {
	Words []string `arg:"" optional:"" passthrough:""`
}

// Run prints a candidate a line, with what it is after a tab; nothing where
// the shell's own completion, of files, is the better one.
func (w Words) Run(k *kong.Context) error {
	if len(w.Words) < 2 {
		return nil
	}
	words := w.Words[1:]
	if w.Words[0] == "bash" {
		words = joined(words)
	}
	typed := words[len(words)-1]
	for _, c := range candidates(k.Model.Node, words) {
		if !strings.HasPrefix(c[0], typed) {
			continue
		}
		if w.Words[0] == "bash" && strings.HasPrefix(c[0], "--") { // which takes what follows = for a word
			_, value, ok := strings.Cut(c[0], "=")
			if ok {
				c[0] = value
			}
		}
		if _, err := fmt.Fprintf(k.Stdout, "%s\t%s\n", c[0], c[1]); err != nil {
			return err
		}
	}
	return nil
}

// joined puts --flag, =, value together again, which bash takes apart.
func joined(words []string) (out []string) {
	for i := 0; i < len(words); i++ {
		if words[i] == "=" && len(out) > 0 {
			out[len(out)-1] += "="
			if i+1 < len(words) {
				i++
				out[len(out)-1] += words[i]
			}
			continue
		}
		out = append(out, words[i])
	}
	return out
}

// candidates walks the words as kong does, up to the last one.
func candidates(node *kong.Node, words []string) [][2]string {
	var waiting *kong.Flag // for its value
	arguments := 0
	for _, word := range words[:len(words)-1] {
		switch {
		case waiting != nil:
			waiting = nil
		case word == "--":
			return nil
		case strings.HasPrefix(word, "--"):
			if f := flag(node, word); f != nil && !f.IsBool() && !strings.Contains(word, "=") {
				waiting = f
			}
		case strings.HasPrefix(word, "-"):
		default:
			if child := child(node, word); child != nil {
				node = child
			} else {
				arguments++
			}
		}
	}
	typed := words[len(words)-1]
	switch {
	case waiting != nil:
		return values(waiting.Value, "")
	case strings.HasPrefix(typed, "--") && strings.Contains(typed, "="):
		if f := flag(node, typed); f != nil {
			name, _, _ := strings.Cut(typed, "=")
			return values(f.Value, name+"=")
		}
	case strings.HasPrefix(typed, "-"):
		return flags(node)
	case arguments < len(node.Positional):
		return values(node.Positional[arguments], "")
	default:
		return children(node)
	}
	return nil
}

func child(node *kong.Node, name string) *kong.Node {
	for _, c := range node.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func children(node *kong.Node) (out [][2]string) {
	for _, c := range node.Children {
		if !c.Hidden {
			out = append(out, [2]string{c.Name, c.Help})
		}
	}
	return out
}

// taken are the flags that can stand here: a command's own, its parents', and
// before any command those of the default one.
func taken(node *kong.Node) []*kong.Flag {
	groups := node.AllFlags(true)
	if node.DefaultCmd != nil {
		groups = append(groups, node.DefaultCmd.Flags)
	}
	return slices.Concat(groups...)
}

func flag(node *kong.Node, word string) *kong.Flag {
	name, _, _ := strings.Cut(strings.TrimPrefix(word, "--"), "=")
	for _, f := range taken(node) {
		if f.Name == name {
			return f
		}
	}
	return nil
}

func flags(node *kong.Node) (out [][2]string) {
	for _, f := range taken(node) {
		out = append(out, [2]string{"--" + f.Name, f.Help})
	}
	return out
}

// values are those of an enumeration.
func values(v *kong.Value, before string) (out [][2]string) {
	if v.Enum == "" {
		return nil
	}
	for _, value := range v.EnumSlice() {
		if value != "" {
			out = append(out, [2]string{before + value, v.Help})
		}
	}
	return out
}
