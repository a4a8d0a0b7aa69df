// Package crash proves, on the real binary in its own process, what the server
// promises when things break: the process is killed at a random moment or told
// to stop with requests in flight, its disk fills up, or its file is locked by
// another process. It contains only tests.
//
// The tests compare the server with a ledger of the responses that the clients
// received (ledger_test.go), never with what the server says afterwards. A
// request has one of three ends. If it succeeded, what the response says must
// be there for ever. If it was refused, nothing of it may be there. If there
// was no response, both are right, but all of it or nothing, and only once.
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
// A power loss is not tested here. After kill -9 the kernel still writes what
// the process handed over, so a missing fsync would not be noticed. The code
// that opens the file checks that synchronous is FULL on every connection.
package crash
