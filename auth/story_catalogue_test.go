package auth_test

import "testing"

// TestCatalogue proves the cases of auth/catalogue/cases.tsv that need a whole
// server of their own: the clock, the file, the configuration.
func TestCatalogue(t *testing.T) {
	for id, prove := range map[string]func(*testing.T){
		"OP-05": TestClientsThatSign, "OP-06": TestStepUpForApprovals, "TK-06": TestOlderClientWithoutPKCE, "TK-11": codeLifetime, "RF-10": refreshLifetimes, "LG-16": sessionLifetimes, "ST-10": clockMoves, "JW-05": accessLifetime,
		"OP-03": deviceByTheClock, "TK-33": personGone, "RF-05": lostAnswerWithinTheGrace, "RF-11": grantsEnd, "RF-13": clientLosesScope, "JW-17": clientGone,
		"LG-19": func(t *testing.T) { passwordChanged(t); ownPasswordChanged(t) }, "CN-10": hostileClientName,
		"SE-01": provesSecretsStaySecret, "SE-02": provesSecretsStaySecret,
	} {
		t.Run(id, prove)
	}
}
