package attack

// Cast gives the parts to the first of the clients and people that fit. An
// attack says what it lacks where nobody fits a part.
func (s *Stage) Cast(clients []Client, people []Person) {
	for _, c := range clients {
		switch {
		case c.Native && s.Client.ID == "":
			s.Client = c
		case c.Secret != "" && s.Rival.ID == "":
			s.Rival = c
		}
	}
	for _, p := range people {
		switch {
		case p.ReportsTo != "" && s.Employee.ID == "":
			s.Employee = p
		case p.ReportsTo != "" && s.Colleague.ID == "":
			s.Colleague = p
		case p.ReportsTo == "" && s.Manager.ID == "":
			s.Manager = p
		}
	}
}
