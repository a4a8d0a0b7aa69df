// Package crash proves, on the real binary in a process of its own, what the
// server promises when things break: the process is killed at a random moment,
// told to stop with requests in flight, its disk fills up, its file is locked
// from outside. It holds tests only.
//
// What is right is decided by a ledger of the answers that the clients got
// (ledger_test.go), never by what the server says afterwards. A request has one
// of three ends: it was answered, and then what the answer says must be there
// for ever; it was refused, and then nothing of it may be there; it got no
// answer, and then either is right, but all of it or nothing, and once only.
//
//	kill_test.go        kill -9 under mixed load, again and again on one file
//	stop_test.go        SIGTERM with 200 requests in flight
//	disk_linux_test.go  the disk is full, and then it is not
//	lock_test.go        somebody else holds the file's write lock
//	vault_test.go       what must never be found in clear, and the search for it
//	process_test.go     the binary as a child process; client_test.go, app_test.go its clients
//	load_test.go        the load, hours_test.go its timesheets; look_test.go what is compared
//	writes_test.go      each kind of write, as it is tried when it cannot succeed
//
// The suite kills the server 8 times. To do it more often:
//
//	go test ./auth/crash -run Kill -v -timeout 2h -cycles 1000
//
// Not proven here: a power loss. After kill -9 the kernel still writes what the
// process had handed over, so a missing fsync would go unseen; that synchronous
// is FULL on every connection is checked where the file is opened.
package crash
