// Package alone is the Timesheets API in a process of its own, as punchcard api
// starts it. Of the authorization server it knows the URL, and of the people
// only who reports to whom.
package alone
