package people

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
)

// Person is a person who can sign in, or could in the past.
type Person struct {
	ID          string // the subject of tokens
	Email, Name string
	Roles       []string // by name, as declared
	Permissions []string // from all roles together, sorted; none while disabled
	ReportsTo   string   // ID of a person, "" for nobody
	ShowOnLogin bool
	Disabled    bool
	Generation  int64 // of the password: grows when it is changed
}

// personColumns are read by scanPerson; the table people is p. The inner
// SELECTs are needed because json_group_array alone promises no order.
const personColumns = `p.id, p.email, p.name, p.reports_to, p.show_on_login, p.disabled_at IS NOT NULL, p.password_generation,
	(SELECT json_group_array(name) FROM (
		SELECT r.name AS name FROM json_each(p.roles) AS has JOIN roles AS r ON r.id = has.value ORDER BY has.key)),
	(SELECT json_group_array(scope) FROM (
		SELECT DISTINCT gives.value AS scope FROM json_each(p.roles) AS has JOIN roles AS r ON r.id = has.value, json_each(r.permissions) AS gives
		WHERE p.disabled_at IS NULL ORDER BY gives.value))`

// scanPerson reads personColumns, after the columns for also.
func scanPerson(row interface{ Scan(...any) error }, also ...any) (Person, error) {
	var p Person
	var roles, permissions []byte
	err := row.Scan(append(also, &p.ID, &p.Email, &p.Name, &p.ReportsTo, &p.ShowOnLogin, &p.Disabled, &p.Generation, &roles, &permissions)...)
	if err == nil {
		err = errors.Join(json.Unmarshal(roles, &p.Roles), json.Unmarshal(permissions, &p.Permissions))
	}
	return p, err
}

// Person returns the person with that id, disabled or not. Errors: ErrNoPerson.
func (p *People) Person(ctx context.Context, id string) (Person, error) {
	return p.one(ctx, `SELECT `+personColumns+` FROM people AS p WHERE p.id = ?`, id)
}

func (p *People) one(ctx context.Context, query, key string) (Person, error) {
	person, err := scanPerson(p.read.QueryRowContext(ctx, query, key))
	if errors.Is(err, sql.ErrNoRows) {
		return Person{}, ErrNoPerson
	}
	if err != nil {
		return Person{}, readError{err}
	}
	return person, nil
}

// List returns the people who can sign in, in the order of the document.
func (p *People) List(ctx context.Context) ([]Person, error) {
	rows, err := p.read.QueryContext(ctx, `SELECT `+personColumns+` FROM people AS p WHERE p.disabled_at IS NULL ORDER BY p.position`)
	if err != nil {
		return nil, readError{err}
	}
	defer rows.Close()
	var all []Person
	for rows.Next() {
		person, err := scanPerson(rows)
		if err != nil {
			return nil, readError{err}
		}
		all = append(all, person)
	}
	if err := rows.Err(); err != nil {
		return nil, readError{err}
	}
	return all, nil
}

// Reports returns the ids of the enabled people who report to a manager, in
// the order of the document.
func (p *People) Reports(ctx context.Context, managerID string) ([]string, error) {
	if managerID == "" {
		return nil, nil // "" in reports_to means nobody; it is not a person's id
	}
	var list []byte
	err := p.read.QueryRowContext(ctx, `SELECT json_group_array(id) FROM (
		SELECT id FROM people WHERE reports_to = ? AND disabled_at IS NULL ORDER BY position)`, managerID).Scan(&list)
	if err != nil {
		return nil, readError{err}
	}
	var ids []string
	return ids, json.Unmarshal(list, &ids)
}
