package client

import "github.com/exampleco/punchcard/timesheets/client/tab"

// Commands are the native app, as kong reads them. Whoever embeds them binds a
// Terminal and a context.Context.
type Commands struct {
	Login   loginCmd   `cmd:"" help:"Sign in, in your own browser or on another device."`
	Logout  logoutCmd  `cmd:"" help:"Sign out: revoke the session at the server, and forget it here."`
	Whoami  whoamiCmd  `cmd:"" help:"Show who is signed in, and what this app may do."`
	Token   tokenCmd   `cmd:"" help:"Print the access token, or explain it."`
	List    listCmd    `cmd:"" help:"List your timesheets."`
	Add     addCmd     `cmd:"" help:"Add hours to your timesheets."`
	Delete  deleteCmd  `cmd:"" help:"Delete an entry that is still pending."`
	Approve approveCmd `cmd:"" help:"Approve or reject an entry of your team, or list what waits."`

	Completion tab.Script `cmd:"" help:"Print what bash, zsh or fish needs to complete these commands."`
	Complete   tab.Words  `cmd:"" hidden:"" passthrough:"" help:"Answer what completion prints."`
}
