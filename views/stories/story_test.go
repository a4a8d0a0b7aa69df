package stories

import (
	"testing"
)

// The seed's story: Ada files hours, Grace asks for one more permission and
// approves them, Ada sees it.
func TestAdaFilesAndGraceApproves(t *testing.T) {
	base, running := serve(t), chromium(t)
	ada := newPhone(t, running, base)
	ada.signIn("ada@example.com")
	ada.press("Add hours")
	ada.fill("#f-project", "Difference Engine")
	ada.fill("#f-hours", "2.25")
	ada.fill("#f-notes", "Carry mechanism")
	ada.until(`(() => { const b = document.querySelector("form.hours .primary"); b?.click(); return b; })()`)
	ada.sees("Difference Engine")
	ada.sees("Carry mechanism")

	grace := newPhone(t, running, base)
	grace.signIn("grace@example.com")
	grace.press("Approvals (not allowed yet)")
	grace.press("Ask for approve:timesheets")
	grace.allow("approve:timesheets")
	grace.press("Go on")
	grace.sees("Difference Engine")
	grace.until(`(() => {
		const card = [...document.querySelectorAll(".waiting li")].find((li) => li.textContent.includes("Difference Engine"));
		const button = [...card.querySelectorAll("button")].find((b) => b.textContent === "Approve");
		button.click();
		return true;
	})()`)
	grace.until(`!document.querySelector("#app").textContent.includes("Difference Engine")`)

	ada.press("Approvals (not allowed yet)")
	ada.press("Back")
	ada.until(`[...document.querySelectorAll(".ents li")].some((li) => li.textContent.includes("Difference Engine") && li.querySelector(".pill.approved"))`)
}
